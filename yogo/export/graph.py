"""The ONNX graph: byte values in, boxes and class probabilities out, with nothing left for its user to do.

Axes: B images, C channels, P = 5 + classes numbers a cell, Y rows and X columns of cells.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from yogo.distribution import installing
from yogo.errors import ExportError
from yogo.export.made_by import MADE_BY, MAKER
from yogo.images.depth import UPPER_EIGHT, Bits
from yogo.infer.predictor import crop
from yogo.model import YOGO
from yogo.run.correction import CountCorrection
from yogo.run.count_thresholds import CountThresholds

INPUT, OUTPUT = "input", "output"


class Whole(nn.Module):
    """Maps (B, C, H, W) of values from 0 to 255 to (B, P, Sy, Sx), with normalisation and softmax included."""

    def __init__(
        self,
        model: YOGO,
        crop_height: float | None,
        image_bits: Bits = UPPER_EIGHT,
        count_thresholds: CountThresholds | None = None,
        count_correction: CountCorrection | None = None,
    ) -> None:
        """`model` is in inference mode; the others as in its checkpoint. Raises InferenceError for a bad crop."""
        super().__init__()
        (height, width), num_rows = crop(model, crop_height)
        self.model = model
        self.normalizes = bool(model.normalize_images)
        self.frame = (3 if bool(model.is_rgb) else 1, num_rows, width)
        """(C, H, W)."""
        self.full_height = height
        self.image_bits = image_bits
        self.count_thresholds = count_thresholds
        self.count_correction = count_correction
        self.eval().requires_grad_(False)

    def forward(self, input: Tensor) -> Tensor:
        found: Tensor = self.model(input / 255 if self.normalizes else input)
        return found

    @property
    def facts(self) -> dict[str, str]:
        """What both files hold beside the graph, by key."""
        bits = "" if self.image_bits is None else str(self.image_bits)
        parts = {"count_thresholds": self.count_thresholds, "count_correction": self.count_correction}
        return {"image_bits": bits, **{key: json.dumps(one.facts) if one else "" for key, one in parts.items()}}

    @property
    def notices(self) -> tuple[str, ...]:
        """What a user must know about its input values."""
        if self.image_bits is None or self.image_bits <= 8:
            return ()
        top = 2**self.image_bits - 1
        return (
            f"it was trained on images of {self.image_bits} bits per value, and takes values from 0 to 255: give it "
            f"those of such images times 255/{top}",
        )


def write_onnx(whole: Whole, path: Path, *, simplify: bool, dynamic_batch: bool) -> int:
    """Write the graph to `path`; returns how many nodes it has. Raises ExportError."""
    onnx, slim = _libraries(simplify)
    # An example batch of 1 would fix the batch size at 1.
    example = torch.zeros(2 if dynamic_batch else 1, *whole.frame)
    shapes = {INPUT: {0: torch.export.Dim("batch")}} if dynamic_batch else None
    with _quiet():
        program = torch.onnx.export(
            whole,
            (example,),
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamo=True,
            dynamic_shapes=shapes,
            optimize=simplify,
            verbose=False,
        )
        assert program is not None
        model = program.model_proto
        if simplify:
            model = slim(model)
        onnx.helper.set_model_props(model, {MADE_BY: MAKER, **whole.facts})
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, str(path))
    return len(model.graph.node)


def _libraries(simplify: bool) -> tuple[Any, Any]:
    try:
        import onnx
        import onnxscript  # noqa: F401 - torch's exporter needs it, and says so less plainly

        if not simplify:
            return onnx, None
        import onnxslim
    except ImportError as error:
        raise ExportError(
            f"exporting needs the package {error.name}, which is not installed: {installing('export')}"
        ) from None
    return onnx, onnxslim.slim


@contextmanager
def _quiet() -> Iterator[None]:
    """Hides the exporter's messages about its internals, which no user can act upon; its result is checked later."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    before = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
