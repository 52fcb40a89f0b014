"""A checkpoint as an ONNX file and an OpenVINO IR, compared with torch before they are given out."""

from yogo.export.exporting import Exported, ExportRequest, export

__all__ = ["ExportRequest", "Exported", "export"]
