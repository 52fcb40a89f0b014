"""Whether an export gives the same output as torch, on realistic frames.

Axes: F frames, C channels, P = 5 + classes numbers a cell, Y rows and X columns of cells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from yogo.distribution import installing
from yogo.errors import ExportError
from yogo.export.graph import INPUT, Whole
from yogo.export.intermediate import library
from yogo.images.headers import ImageHeader, depth, look, reading_depth
from yogo.images.remarks import oddities
from yogo.infer.image_depth import Depth
from yogo.infer.images import PictureFiles, fit
from yogo.infer.openvino_engine import Floats, difference
from yogo.synth.cells import KINDS
from yogo.synth.dataset import BRIGHT
from yogo.synth.frame import make_frame, shares_of

NUM_FRAMES = 4

PRECISION_HINT = "INFERENCE_PRECISION_HINT"

_SMALLEST = 32
"""Smallest side of a synthetic frame in pixels: no cell can be drawn in less."""

Runner = Callable[[Floats], Floats]
"""(F, C, H, W) to (F, P, Sy, Sx)."""


def torch_runner(whole: Whole) -> Runner:
    return torch.no_grad()(lambda frames: whole(torch.from_numpy(frames)).numpy())


def onnx_runner(path: Path) -> Runner:
    try:
        import onnxruntime
    except ImportError:
        raise ExportError(f"comparing the ONNX file needs onnxruntime: {installing('export')}") from None
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda frames: session.run(None, {INPUT: frames})[0]


def ir_runner(path: Path, *, exact: bool = True) -> Runner:
    """OpenVINO on the CPU: in float32 if `exact`, else at its default precision.

    By default it computes in bfloat16 if the processor can, so outputs differ between machines.
    """
    compiled = _compiled(path, exact)
    return lambda frames: compiled(frames)[0]


def default_precision(path: Path) -> str:
    """OpenVINO's default precision on this machine: f32, bf16 or f16."""
    hint = _compiled(path, exact=False).get_property(PRECISION_HINT)
    return str(hint.get_type_name() if hasattr(hint, "get_type_name") else hint)


def _compiled(path: Path, exact: bool) -> Any:
    return library().Core().compile_model(str(path), "CPU", {PRECISION_HINT: "f32"} if exact else {})


def largest_difference(one: Runner, other: Runner, batches: Sequence[Floats]) -> float:
    """The largest difference of any output on any frame, relative for outputs above 1. NaN counts as infinite."""
    return max((difference(one(batch), other(batch)) for batch in batches), default=0.0)


def oddities_of(whole: Whole, pictures: Path) -> tuple[str, ...]:
    """Sentences about what is odd in the user's images that are compared on."""
    files = PictureFiles(pictures).files[:NUM_FRAMES]
    headers = [one for one in look([str(file) for file in files]) if isinstance(one, ImageHeader)]
    size = whole.full_height, whole.frame[2]
    bits = reading_depth(lambda: depth(headers), whole.image_bits)
    return tuple(oddities(headers, bits=bits, image_hw=size))


def frames_to_compare(whole: Whole, full_height: int, pictures: Path | None) -> Floats:
    """(F, C, H, W): the first of the user's images, or synthetic frames full of cells."""
    channels, num_rows, width = whole.frame
    if pictures is not None:
        files = PictureFiles(pictures)
        bits = Depth(files, whole.image_bits, None, notice=lambda _: None, tell=lambda _: None)
        first = range(min(NUM_FRAMES, len(files.stems)))
        found = [files.read(index, rgb=channels == 3, bits=bits) for index in first]
    else:
        rng = np.random.default_rng(0)
        size = max(full_height, _SMALLEST), max(width, _SMALLEST)
        made = [make_frame(rng, size, BRIGHT, 40, shares_of(KINDS)).pixels for _ in range(NUM_FRAMES)]
        found = [np.repeat(pixels[None], channels, 0) for pixels in made]
    return np.stack([fit(pixels, (full_height, width), num_rows) for pixels in found]).astype(np.float32)
