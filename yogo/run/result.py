"""result.json: the receipt. A run succeeded if the receipt says so and the checkpoint is the one that it names."""

from __future__ import annotations

import hashlib
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import Field

from yogo.errors import RunError
from yogo.files.foreign import opened
from yogo.run.best import BestBy
from yogo.run.directory import RunDirectory
from yogo.run.record import Record, now


class Result(Record):
    outcome: Literal["finished", "failed"]
    reason: str = ""
    stopped_by: str = ""
    """The name of the signal by which somebody stopped it, such as SIGINT; its outcome is failed then."""

    ended_at: datetime = Field(default_factory=now)
    is_pruned: bool = False
    """Whether the sweep that it is a trial of ended it early, as the reason says."""

    attempt: int = 0
    epochs: int = 0
    """Whole epochs that were trained."""

    share_of_next: float = 0.0
    """How much of the epoch after these was trained."""

    best_epoch: int | None = None
    """From 0."""

    best_loss: float | None = None
    """The validation loss of the best epoch."""

    best_by: BestBy = "loss"
    """What the best epoch was chosen by."""

    best_score: float | None = None
    """The best epoch's figure of that; None where it is the loss."""

    best_metrics: dict[str, float | None] = Field(default_factory=dict)
    """The validation metrics after the best epoch."""

    doubts: tuple[str, ...] = ()
    """Sentences on implausible numbers of the whole run."""

    train_loss: float | None = None
    """The last one that was recorded."""

    val_loss: float | None = None
    """After the last epoch that was validated."""

    epoch_seconds: float | None = None
    """How long an epoch took, by the pace of the last steps."""

    best_sha256: str | None = None
    """Digest of best.pth."""

    test_losses: dict[str, float | None] = Field(default_factory=dict)
    test_metrics: dict[str, float | None] = Field(default_factory=dict)


def sha256(path: Path) -> str:
    """The file's SHA-256, in hexadecimal. Raises OSError."""
    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(run: RunDirectory) -> Result:
    """The receipt of a run that succeeded, with its best.pth read and compared. Raises RunError with what is wrong."""
    try:
        result = Result.read(run.result)
    except FileNotFoundError:
        raise RunError(f"{run.path} has no result.json: the run has not finished, or was killed") from None
    if result.outcome != "finished":
        raise RunError(f"{run.path} failed: {result.reason or 'no reason was recorded'}")
    if result.best_sha256 is None:
        raise RunError(f"{run.result} names no digest of best.pth")
    verify_checkpoint(run.best, result.best_sha256)
    return result


def verify_checkpoint(path: Path, digest: str) -> None:
    """Raises RunError unless `path` is a whole checkpoint file with this SHA-256."""
    if not path.is_file():
        raise RunError(f"{path} does not exist")
    if not zipfile.is_zipfile(path):
        raise RunError(f"{path} is not a checkpoint, or it was cut short")
    if sha256(path) != digest:
        raise RunError(f"{path} is not the file that its receipt names: its digest differs")
