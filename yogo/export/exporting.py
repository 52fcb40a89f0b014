"""Exports a checkpoint: files are written to one side, compared with torch, and only then moved into place."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from yogo.checkpoint import load_checkpoint
from yogo.errors import ExportError
from yogo.export.comparison import (
    PRECISION_HINT,
    Runner,
    default_precision,
    frames_to_compare,
    ir_runner,
    largest_difference,
    oddities_of,
    onnx_runner,
    torch_runner,
)
from yogo.export.correction_file import ExportedCorrection, is_our_correction, write_correction
from yogo.export.graph import Whole, write_onnx
from yogo.export.intermediate import write_ir
from yogo.export.labelled import TOLERANCE as PRECISION_TOLERANCE
from yogo.export.labelled import LabelledPictures
from yogo.export.made_by import not_ours
from yogo.export.request import ExportRequest
from yogo.files.atomic import cut, umask
from yogo.infer.openvino_engine import FLOAT32_TOLERANCE, HALF_TOLERANCE, Floats
from yogo.model import open_model
from yogo.run.result import sha256
from yogo.text.wording import counted


@dataclass(frozen=True, slots=True)
class Exported:
    path: Path
    difference: float
    """The largest difference of any output from torch's."""

    detail: str


def export(request: ExportRequest) -> tuple[list[Exported], tuple[str, ...]]:
    """The files that were written, and notices. On any failure none is written, and existing files stay.

    Raises CheckpointError, InferenceError (an impossible crop), ExportError.
    """
    checkpoint = load_checkpoint(request.pth)
    model, notices = open_model(checkpoint, inference=True)
    correction = checkpoint.count_correction
    whole = Whole(model, request.crop_height, checkpoint.image_bits, checkpoint.count_thresholds, correction)
    onnx = request.onnx
    _check_place(request, has_correction=correction is not None)
    labelled, more = _labelled(request, whole)
    frames = labelled.frames() if labelled else frames_to_compare(whole, whole.full_height, request.pictures)
    batches = np.split(frames, len(frames)) + ([frames] if request.dynamic_batch else [])
    with _staging(onnx) as folder:
        done = _made(request, whole, batches, labelled, folder)
        if correction is not None:
            write_correction(correction, folder / onnx.name, sha256(request.pth))
        for made in sorted(folder.iterdir()):
            made.chmod(0o666 & ~umask())
            os.replace(made, onnx.parent / made.name)
    if correction is None and is_our_correction(before := ExportedCorrection.beside(onnx)):
        before.unlink(missing_ok=True)  # of another checkpoint
    beside = f"the correction of its counts is in {ExportedCorrection.beside(onnx).name} too"
    told = (*notices, *more, *whole.notices, *([] if correction is None else [beside]))
    return [Exported(onnx.parent / one.path.name, one.difference, one.detail) for one in done], told


@contextlib.contextmanager
def _staging(onnx: Path) -> Iterator[Path]:
    """A temporary folder beside the target; an error there, such as a full disk, names the target file."""
    with tempfile.TemporaryDirectory(prefix=f".{cut(onnx.stem)}.", suffix=".part", dir=onnx.parent) as folder:
        try:
            yield Path(folder)
        except OSError as error:
            error.filename = str(onnx.parent / Path(error.filename or onnx).name)
            raise


def _check_place(request: ExportRequest, *, has_correction: bool) -> None:
    """Raises ExportError if the files cannot be written, or would replace files that no export wrote."""
    onnx = request.onnx
    if not onnx.parent.is_dir():
        raise ExportError(f"{onnx.parent} is not a folder: name a file in a folder with --output-filename")
    if not os.access(onnx.parent, os.W_OK):
        raise ExportError(f"{onnx.parent} cannot be written to: name a file elsewhere with --output-filename")
    taken = [] if request.overwrite else not_ours(onnx, openvino=request.openvino)
    beside = ExportedCorrection.beside(onnx)
    if has_correction and not request.overwrite and beside.exists() and not is_our_correction(beside):
        taken.append(beside.name)
    if taken:
        raise ExportError(
            f"{onnx.parent} already holds {', '.join(taken)}, which no export wrote: name another file with "
            "--output-filename, or replace what is there with --overwrite"
        )


def _labelled(request: ExportRequest, whole: Whole) -> tuple[LabelledPictures | None, tuple[str, ...]]:
    """The labelled images to compare on, if there are any, and notices about them or their absence."""
    if request.data is not None:
        named = LabelledPictures.of_definition(request.data, whole)
        return named, named.oddities
    own = None if request.pictures else LabelledPictures.of_run(request.pth, whole)
    if own is not None:
        return own, own.oddities
    odd = oddities_of(whole, request.pictures) if request.pictures else ()
    frames = "" if request.pictures else "compared on synthetic frames, because the run's own images are missing; "
    precision = "the mAP of 16 bits is not compared; " if request.openvino and request.half else ""
    return None, (*odd, *([f"{frames}{precision}name labelled images with --data"] if frames or precision else ()))


def _made(
    request: ExportRequest, whole: Whole, batches: list[Floats], labelled: LabelledPictures | None, folder: Path
) -> list[Exported]:
    expected, onnx = torch_runner(whole), folder / request.onnx.name
    num_nodes = write_onnx(whole, onnx, simplify=request.simplify, dynamic_batch=request.dynamic_batch)
    shape = "x".join(map(str, ("N" if request.dynamic_batch else 1, *whole.frame)))
    difference = _compared(onnx, expected, onnx_runner(onnx), batches, FLOAT32_TOLERANCE)
    done = [Exported(onnx, difference, f"input {shape}, {counted(num_nodes, 'node')}")]
    if request.openvino:
        xml = onnx.with_suffix(".xml")
        write_ir(onnx, xml, half=request.half, facts=whole.facts)
        tolerance = HALF_TOLERANCE if request.half else FLOAT32_TOLERANCE
        difference = _compared(xml, expected, ir_runner(xml), batches, tolerance)
        detail = (
            f"weights in {16 if request.half else 32} bits, in {onnx.stem}.bin{_by_default(xml, expected, batches)}"
        )
        if labelled is not None:
            detail += f", {_compared_precision(xml, labelled, expected)}"
        done.append(Exported(xml, difference, detail))
    return done


def _by_default(xml: Path, expected: Runner, batches: list[Floats]) -> str:
    """A note on OpenVINO's default precision, which is often lower than float32."""
    precision = default_precision(xml)
    if precision == "f32":
        return ""
    difference = largest_difference(expected, ir_runner(xml, exact=False), batches)
    return (
        f"; OpenVINO computes in {precision} on this machine unless it is compiled with {PRECISION_HINT}=f32, and then "
        f"differs by up to {difference:.1e}"
    )


def _compared(path: Path, expected: Runner, given: Runner, batches: list[Floats], tolerance: float) -> float:
    difference = largest_difference(expected, given, batches)
    if not difference <= tolerance:
        raise ExportError(
            f"{path.name} differs from torch by {difference:.2g}, where {tolerance:g} is allowed; nothing was written"
        )
    return difference


def _compared_precision(path: Path, labelled: LabelledPictures, expected: Runner) -> str:
    """A sentence about mAP. Raises ExportError if it differs too much."""
    before, after = labelled.mean_precision(expected), labelled.mean_precision(ir_runner(path))
    by_default = labelled.mean_precision(ir_runner(path, exact=False))
    if abs(after - before) > PRECISION_TOLERANCE:
        raise ExportError(
            f"{path.name} has an mAP of {after:.4f} where torch has {before:.4f} "
            f"({counted(labelled.num_pictures, 'image')}), "
            f"and {PRECISION_TOLERANCE:g} is allowed; nothing was written"
        )
    default = f", {by_default:.4f} by default" if by_default != after else ""
    return f"mAP {after:.4f}{default} (torch: {before:.4f})"
