"""OpenVINO's intermediate representation: an .xml and a .bin made from the ONNX file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from yogo.distribution import installing
from yogo.errors import ExportError, first_line
from yogo.export.made_by import MADE_BY, MAKER
from yogo.infer.openvino_package import import_openvino


def write_ir(onnx: Path, xml: Path, *, half: bool, facts: Mapping[str, str]) -> None:
    """Write `xml` and the weights beside it, in 16 bits if `half`; `facts` go into its rt_info. Raises ExportError."""
    openvino = library()
    try:
        model = openvino.Core().read_model(onnx)
        for key, value in {MADE_BY: MAKER, **facts}.items():
            model.set_rt_info(value, key)
        openvino.save_model(model, str(xml), compress_to_fp16=half)
    except RuntimeError as error:
        raise ExportError(f"OpenVINO cannot convert the ONNX graph: {first_line(error)[:300]}") from error
    last = last_layer(xml)
    if last != "Result":
        raise ExportError(f"the last layer of OpenVINO's file is {last}, where the instrument expects the Result")


def last_layer(xml: Path) -> str:
    """The type of the last layer in an IR's .xml."""
    layers = ElementTree.parse(xml).getroot().find("layers")
    return "" if layers is None or not len(layers) else str(layers[-1].get("type"))


def library() -> Any:
    try:
        return import_openvino()
    except ImportError:
        raise ExportError(f"the IR needs the package openvino: {installing('export')}, or --no-openvino") from None
