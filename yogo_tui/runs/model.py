"""What the console knows about a run: its directory and its job, joined."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from yogo.run.directory import HostRunDirectory
from yogo.run.holder import Holder
from yogo.run.launch import Kind, Launch, Submission
from yogo.run.manifest import Manifest
from yogo.run.notes import Notes, joined
from yogo.run.result import Result
from yogo_tui.cluster.base import Job

if TYPE_CHECKING:
    from yogo.run.history import History


class RunState(StrEnum):
    """It is always shown with its glyph and word, such as ▶ running."""

    WAITING = "waiting"
    HELD = "held"
    """Its job waits until somebody releases it."""

    RUNNING = "running"
    SUSPENDED = "suspended"
    """The scheduler has suspended its job, and will continue it from where it is."""

    FINISHED = "finished"
    DONE = "done"
    """A job that is not a run has ended with exit status 0. Whether it did what it should is not known."""

    FAILED = "failed"
    CANCELLED = "cancelled"
    STOPPED = "stopped"
    """A signal other than a cancel, such as Ctrl-C, has stopped it. It can be resumed."""

    UNKNOWN = "unknown"

    @property
    def is_waiting(self) -> bool:
        return self in (RunState.WAITING, RunState.HELD)

    @property
    def is_over(self) -> bool:
        return self in (RunState.FINISHED, RunState.DONE, RunState.FAILED, RunState.CANCELLED, RunState.STOPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What the files of a run say."""

    launch: Launch | None = None
    manifest: Manifest | None = None
    result: Result | None = None
    notes: Notes | None = None
    """What its user has noted; None if that is nothing, or cannot be read."""

    has_best: bool = False
    progress: Progress | None = None
    map50: float | None = None
    """mAP50 of the best epoch's validation, from 0 to 1; None if it is not known."""

    lod_per_ul: float | None = None
    """Limit of detection, of the same; None without roles in the definition too."""

    false_positives_per_ul: float | None = None

    doubts: tuple[str, ...] = ()
    """Sentences on implausible numbers."""

    notices: tuple[str, ...] = ()
    """Sentences on its files, such as that a newer yogo wrote run.json."""

    @property
    def submission(self) -> Submission | None:
        """The latest one; None for a run that no launch began."""
        return self.launch.submission if self.launch else None


@dataclass(frozen=True, slots=True)
class Run(Recorded):
    """One line of the Runs screen. Curves are not part of it: they are read from the events where they are shown."""

    name: str
    state: RunState
    path: PurePosixPath | None = None
    """The run directory; None for a job that is not a run in the shown folders."""

    is_elsewhere: bool = False
    """Whether it belongs to another workspace, and is known by its job in this queue."""

    kind: Kind = Kind.TRAIN
    why: str = ""
    """A sentence: why it waits, failed or is unknown."""

    job: Job | None = None
    log: PurePosixPath | None = None
    log_to_come: PurePosixPath | None = None
    """The log that its job will write, while `log` is the previous job's; None once the job has written it."""

    holder: Holder | None = None
    """The process that trains it now, in a job or a shell."""

    no_log: str = ""
    """A sentence that says why `log` is None."""

    num_bytes: int | None = None
    """What its directory takes on the disk; None where that was not measured."""

    use_progress: UseProgress | None = None
    """How far a running job is that uses a run; None if it does not tell."""

    clock_ahead: timedelta = timedelta()
    """How far the host's clock, by which its times are, is ahead of this machine's."""

    @property
    def key(self) -> str:
        """What makes it the same run or job at the next look."""
        return str(self.path) if self.path else f"job {self.job.id if self.job else self.name}"

    @property
    def remarks(self) -> tuple[str, ...]:
        """Why it is as it is, and what to know of its numbers and files: sentences, the most important first."""
        doing = self.use_progress.words if self.use_progress else ""
        return tuple(filter(None, (self.why, doing, *(f"! {doubt}" for doubt in self.doubts), *self.notices)))

    @property
    def of_job(self) -> str:
        """Describes a job that is not a run, such as "a job that the console did not start"; empty for a run."""
        if self.path is not None:
            return ""
        if folder := self.use_folder:
            return f"a job that uses {folder.parent.parent.name}"
        return "a job from another workspace" if self.job and self.job.token else "a job that the console did not start"

    @property
    def use_folder(self) -> PurePosixPath | None:
        """Of a job that uses a run: its folder below that run's. None for anything else."""
        folder = self.job.log.parent if self.path is None and self.job and self.job.log else None
        is_use = folder is not None and HostRunDirectory(folder.parent.parent).uses == folder.parent
        return folder if is_use else None

    @property
    def can_cancel(self) -> bool:
        """Whether its job waits or runs. A job that can never start still waits, although its run has failed."""
        return self.job is not None and not self.job.state.is_over

    @property
    def is_pruned(self) -> bool:
        """Whether it has finished because its sweep ended it early."""
        return self.state is RunState.FINISHED and self.result is not None and self.result.is_pruned

    @property
    def state_word(self) -> str:
        """Its state, but of one that its sweep ended early: pruned."""
        return "pruned" if self.is_pruned else self.state.value

    @property
    def kind_word(self) -> str:
        return self.kind.value if self.path else "job"

    @property
    def seconds_left(self) -> float | None:
        """Seconds until it ends, estimated from its last events; None if it is not running, or if not known."""
        return self.progress.seconds_left if self.progress and self.state is RunState.RUNNING else None

    @property
    def definition(self) -> str:
        """Absolute path of the dataset definition; empty if it is not known."""
        source = self.launch or self.manifest
        return source.definition if source else ""

    @property
    def title(self) -> str:
        """What its user calls it; empty if they call it by its name."""
        return self.notes.title if self.notes else ""

    @property
    def note(self) -> str:
        """Its user's, and the one that was given at its launch."""
        return " · ".join(filter(None, (one.note for one in (self.notes, self.manifest) if one)))

    @property
    def tags(self) -> tuple[str, ...]:
        """Those that were given at its launch, and its user's."""
        return joined(*(one.tags for one in (self.manifest, self.notes) if one))

    @property
    def is_pinned(self) -> bool:
        return self.notes is not None and self.notes.pinned

    @property
    def created_at(self) -> datetime | None:
        if self.launch:
            return self.launch.created_at
        if self.manifest:
            return self.manifest.started_at
        return self.job.submitted_at if self.job else None

    @property
    def begun_at(self) -> datetime | None:
        """When its last attempt began. Of a job that the queue was not seen with yet, its process tells."""
        if self.job and self.job.started_at:
            return self.job.started_at
        told = [self.manifest.started_at] if self.manifest else []
        return max([*told, self.holder.since] if self.holder else told, default=None)


@dataclass(frozen=True, slots=True)
class UseProgress:
    """How far a job is that uses a run."""

    what: str
    """What it does now, such as "looking at images"."""

    done: int
    total: int = 0
    """0 if it is not known."""

    @property
    def words(self) -> str:
        return f"{self.what} · {self.done:,}{f' of {self.total:,}' if self.total else ''}"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `epoch` counts finished epochs, with a fraction; `best_epoch` counts from 0."""

    epoch: float
    epochs: int
    seconds_left: float | None = None
    best_loss: float | None = None
    best_epoch: int | None = None
    train_loss: float | None = None
    """The last one; likewise val_loss."""

    val_loss: float | None = None
    epoch_seconds: float | None = None
    """How long an epoch takes."""

    @classmethod
    def of(cls, history: History) -> Progress:
        best = history.best
        return cls(
            epoch=history.epochs_done,
            epochs=history.started.epochs if history.started else 0,
            seconds_left=history.seconds_left(),
            best_loss=best.losses.loss if best else None,
            best_epoch=best.epoch if best else None,
            train_loss=history.train_loss,
            val_loss=history.val_loss,
            epoch_seconds=history.epoch_seconds(),
        )
