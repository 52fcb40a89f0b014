"""Exports a checkpoint as an ONNX file and an OpenVINO IR, and compares both with torch first."""
