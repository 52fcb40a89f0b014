"""A run, as the console knows it: its directory and its job, joined."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import PurePosixPath

from yogo.run.history import History
from yogo.run.holder import Holder
from yogo.run.launch import Kind, Launch
from yogo.run.manifest import Manifest
from yogo.run.result import Result
from yogo_tui.cluster.base import Job


class RunState(StrEnum):
    """Shown always with its glyph and word, such as ▶ running."""

    WAITING = "waiting"
    RUNNING = "running"
    SUSPENDED = "suspended"
    """Its job was stopped by the scheduler for a while, and goes on where it was."""

    FINISHED = "finished"
    DONE = "done"
    """Of a job that is no run: it ended with exit status 0, and whether it did what it should is not known."""

    FAILED = "failed"
    CANCELLED = "cancelled"
    STOPPED = "stopped"
    """By a signal that was no cancel, such as Ctrl-C: it can go on."""

    UNKNOWN = "unknown"

    @property
    def is_over(self) -> bool:
        return self in (RunState.FINISHED, RunState.DONE, RunState.FAILED, RunState.CANCELLED, RunState.STOPPED)


@dataclass(frozen=True, slots=True)
class Run:
    """One line of the Runs screen. Its events are read apart, by whoever needs the curves."""

    name: str
    state: RunState
    path: PurePosixPath | None = None
    """The run directory; None for a job that the console did not start."""

    is_elsewhere: bool = False
    """Of another workspace, known by its job in this queue."""

    kind: Kind = Kind.TRAIN
    why: str = ""
    """A sentence: why it waits, failed or is unknown."""

    launch: Launch | None = None
    manifest: Manifest | None = None
    result: Result | None = None
    job: Job | None = None
    log: PurePosixPath | None = None
    log_to_come: PurePosixPath | None = None
    """Where its job will write, while `log` is that of the job before; None once it has."""

    has_best: bool = False
    progress: Progress | None = None
    map50: float | None = None
    """Of the best epoch's validation, 0 to 1; None where it is not known."""

    doubts: tuple[str, ...] = ()
    """Sentences on numbers that cannot be right."""

    holder: Holder | None = None
    """The process that trains it now, in whatever job or shell."""

    no_log: str = ""
    """A sentence: why there is no log to be read, where `log` is None."""

    notices: tuple[str, ...] = ()
    """Such as: run.json was written by a newer yogo."""

    @property
    def can_cancel(self) -> bool:
        """Its job still waits or runs; so does one that can never start, although its run counts as failed."""
        return self.job is not None and not self.job.state.is_over

    @property
    def kind_word(self) -> str:
        return self.kind.value if self.path else "job"

    @property
    def seconds_left(self) -> float | None:
        """Until it ends, as its last events say; only of one that is running."""
        return self.progress.seconds_left if self.progress and self.state is RunState.RUNNING else None

    @property
    def definition(self) -> str:
        """Absolute path of the dataset definition; empty where it is not known."""
        source = self.launch or self.manifest
        return source.definition if source else ""

    @property
    def note(self) -> str:
        return self.manifest.note if self.manifest else ""

    @property
    def tags(self) -> tuple[str, ...]:
        return self.manifest.tags if self.manifest else ()

    @property
    def created_at(self) -> datetime | None:
        if self.launch:
            return self.launch.created_at
        if self.manifest:
            return self.manifest.started_at
        return self.job.submitted_at if self.job else None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is, from the tail of its events."""

    epoch: float
    epochs: int
    seconds_left: float | None = None
    best_loss: float | None = None
    best_epoch: int | None = None

    @classmethod
    def of(cls, history: History) -> Progress:
        best = history.best
        return cls(
            epoch=history.epochs_done,
            epochs=history.started.epochs if history.started else 0,
            seconds_left=history.seconds_left(),
            best_loss=best.losses.loss if best else None,
            best_epoch=best.epoch if best else None,
        )
