"""What is asked of an export: each argument of `yogo export`, as a knob. Light: it is read before torch is imported."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict

from yogo.recipe import Knob

OURS = {".onnx", ".xml", ".bin", ".pth"}
"""Suffixes that the ONNX file's takes the place of."""


class ExportRequest(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    pth: Annotated[Path, Knob(flag="PTH")]
    """The checkpoint."""

    output: Annotated[
        Path | None, Knob(flag="--output-filename", metavars=("FILE",), default="beside PTH, as NAME.onnx")
    ] = None
    """The ONNX file; the OpenVINO IR is written beside it."""

    crop_height: Annotated[float | None, Knob(metavars=("FRACTION",), default="all rows")] = None
    """Expect frames with this fraction of the rows."""

    simplify: Annotated[bool, Knob()] = True
    """Simplify the graph: fold and merge its nodes."""

    dynamic_batch: Annotated[bool, Knob()] = False
    """Accept batches of any size."""

    openvino: Annotated[bool, Knob()] = True
    """Write an OpenVINO IR too."""

    half: Annotated[bool, Knob()] = False
    """Store the weights of the IR in 16 bits."""

    overwrite: Annotated[bool, Knob(default="refuse")] = False
    """Replace files that were not made by an export."""

    pictures: Annotated[Path | None, Knob(metavars=("P",), default="the run's own, else synthetic ones")] = None
    """Compare the outputs on these images."""

    data: Annotated[Path | None, Knob(metavars=("DEFINITION",))] = None
    """Compare the outputs on this definition's images, and the mAP too."""

    @property
    def onnx(self) -> Path:
        path = self.pth if self.output is None else self.output
        return path.with_suffix(".onnx") if path.suffix in OURS else path.with_name(f"{path.name}.onnx")
