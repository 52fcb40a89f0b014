"""NAME-correction.json beside an export: the correction of its counts, which the files themselves hold too."""

from __future__ import annotations

import contextlib
from pathlib import Path

from yogo.errors import RunError
from yogo.export.made_by import MAKER
from yogo.run.correction import CountCorrection
from yogo.run.record import Record


class ExportedCorrection(Record):
    made_by: str = ""
    checkpoint_sha256: str = ""
    correction: CountCorrection

    @classmethod
    def beside(cls, onnx: Path) -> Path:
        return onnx.with_name(f"{onnx.stem}-correction.json")


def write_correction(correction: CountCorrection, onnx: Path, checkpoint_sha256: str) -> Path:
    """Raises OSError."""
    path = ExportedCorrection.beside(onnx)
    ExportedCorrection(made_by=MAKER, checkpoint_sha256=checkpoint_sha256, correction=correction).write(path)
    return path


def is_our_correction(path: Path) -> bool:
    with contextlib.suppress(OSError, RunError):
        return ExportedCorrection.read(path).made_by == MAKER
    return False
