"""Whether what was exported answers as torch does, on frames as they will come.

Axes: F frames, C channels, P = 5 + classes numbers a cell, Y rows and X columns of cells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from yogo.distribution import installing
from yogo.errors import ExportError
from yogo.export.graph import INPUT, Whole
from yogo.export.intermediate import library
from yogo.infer.pictures import PictureFiles, fit
from yogo.synth.cells import KINDS
from yogo.synth.dataset import BRIGHT
from yogo.synth.frame import make_frame, shares_of

FLOAT32_TOLERANCE = 1e-4
HALF_TOLERANCE = 2e-2
NUM_FRAMES = 4

_SMALLEST = 32
"""Pixels, of a made-up frame: no cell can be drawn into fewer."""

Floats = npt.NDArray[np.float32]
Runner = Callable[[Floats], Floats]
"""(F, C, H, W) to (F, P, Sy, Sx)."""


def torch_runner(whole: Whole) -> Runner:
    def run(frames: Floats) -> Floats:
        with torch.no_grad():
            found: Floats = whole(torch.from_numpy(frames)).numpy()
        return found

    return run


def onnx_runner(path: Path) -> Runner:
    try:
        import onnxruntime
    except ImportError:
        raise ExportError(f"comparing the ONNX file needs onnxruntime: {installing('export')}") from None
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def run(frames: Floats) -> Floats:
        found: Floats = session.run(None, {INPUT: frames})[0]
        return found

    return run


def ir_runner(path: Path) -> Runner:
    # Left to itself OpenVINO computes in bfloat16 wherever the processor can, so that files would differ by machine.
    compiled = library().Core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def run(frames: Floats) -> Floats:
        found: Floats = compiled(frames)[0]
        return found

    return run


def largest_difference(one: Runner, other: Runner, batches: Sequence[Floats]) -> float:
    """The largest difference of any output on any frame: of its size where that is above 1. NaN counts as infinite."""
    largest = 0.0
    for batch in batches:
        expected, given = one(batch), other(batch)
        if expected.shape != given.shape:
            return float("inf")
        with np.errstate(invalid="ignore", over="ignore"):
            error = np.abs(expected - given) / np.maximum(1.0, np.abs(expected))
        largest = max(largest, float(np.nan_to_num(error, nan=np.inf).max()))
    return largest


def frames_to_compare(whole: Whole, full_height: int, pictures: Path | None) -> Floats:
    """(F, C, H, W): the first of the user's pictures, or else made-up frames full of cells."""
    channels, num_rows, width = whole.frame
    if pictures is not None:
        files = PictureFiles(pictures)
        found = [files.read(index, rgb=channels == 3) for index in range(min(NUM_FRAMES, len(files.stems)))]
    else:
        rng = np.random.default_rng(0)
        size = max(full_height, _SMALLEST), max(width, _SMALLEST)
        made = [make_frame(rng, size, BRIGHT, 40, shares_of(KINDS)).pixels for _ in range(NUM_FRAMES)]
        found = [np.repeat(pixels[None], channels, 0) for pixels in made]
    return np.stack([fit(pixels, (full_height, width), num_rows) for pixels in found]).astype(np.float32)
