"""What was found in a run directory, and what follows from it alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from yogo.run.holder import Holder, silent_seconds
from yogo_tui.runs.model import Progress, Recorded

_FRESH = timedelta(minutes=5)
"""A run without a heartbeat, as of an older trainer, is alive if its events changed within this time."""


@dataclass(frozen=True, slots=True)
class RunFolder(Recorded):
    """What was found in one run directory."""

    path: PurePosixPath
    has_weights: bool = False
    """Whether it has any .pth file."""

    logs: tuple[str, ...] = ()
    """Names of the logs of its jobs, the latest last."""

    holder: Holder | None = None
    """The process that holds the run, alive or not; None if a receipt was written later than the lease."""

    has_lease: bool = False
    """Whether it has a lease, so that it is not being trained while nothing holds it."""

    lives_here: bool | None = None
    """Whether the holder's process is alive; None if that process is not on this machine."""

    has_heartbeat: bool = False

    signs: tuple[datetime, ...] = ()
    """Times of the trainer's signs of life: by the files' own times, and by the host's clock."""

    events_at: datetime | None = None
    """When its last event was written, by the file's own time; None if it has none, or is over."""

    silent_after: timedelta | None = None
    """How long it may be without an event before that is unusual; None while it is too young to tell."""

    is_launch_later: bool | None = None
    """Whether launch.json was written after the receipt, by the clock of the disk that both are on: the clocks of who
    submitted and of who trained may differ. None if one of them is missing."""

    is_mine: bool = True
    """Whether this user launched it."""

    problems: tuple[str, ...] = ()
    """Those of the notices that say what could not be read."""

    is_over: bool = field(init=False, compare=False)
    """Whether it has a receipt, no process has resumed it, and no later job is to resume it. It is asked of every run
    at every look."""

    def __post_init__(self) -> None:
        is_over = self.has_receipt and self.holder is None and not self.is_asked_to_go_on
        object.__setattr__(self, "is_over", is_over)

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def tokens(self) -> frozenset[str]:
        """What its jobs carry in their comments."""
        return self.launch.tokens if self.launch else frozenset()

    @property
    def has_receipt(self) -> bool:
        """Whether it has a receipt that belongs to its last attempt."""
        if self.result is None:
            return False
        return self.manifest is None or self.manifest.attempt <= self.result.attempt

    @property
    def is_asked_to_go_on(self) -> bool:
        """Whether a job was submitted after a receipt that says that the run did not finish."""
        if self.launch is None or self.submission is None or self.result is None or self.result.outcome == "finished":
            return False
        if not self.submission.attempt:  # the launch's own, whose job has written the receipt
            return len(self.launch.submissions) > 1 and self.submission.at > self.result.ended_at
        is_later = self.submission.at > self.result.ended_at if self.is_launch_later is None else self.is_launch_later
        return is_later and self.submission.attempt > self.result.attempt

    def is_alive(self, now: datetime) -> bool:
        """Whether its holder is alive: known for a process on this machine, else by recent signs of life."""
        if self.holder is None or self.lives_here is not None:
            return bool(self.lives_here)
        silence = timedelta(seconds=silent_seconds()) if self.has_heartbeat else _FRESH
        return self._has_signs(now, silence)

    def has_shown_life_after(self, moment: datetime) -> bool:
        return bool(self.lives_here) or any(sign > moment for sign in self.signs)

    def is_written(self, now: datetime) -> bool:
        """Whether a trainer that writes no lease has added events recently."""
        return not self.has_lease and self._has_signs(now, _FRESH)

    def _has_signs(self, now: datetime, limit: timedelta) -> bool:
        return any(abs(now - sign) < limit for sign in self.signs)


def progress_of(found: RunFolder) -> Progress | None:
    """The progress of a run that is over, from its receipt, without reading its events."""
    source = found.manifest or found.launch
    if found.result is None or source is None:
        return None
    return Progress(
        epoch=found.result.epochs + found.result.share_of_next,
        epochs=source.recipe.epochs,
        best_loss=found.result.best_loss,
        best_epoch=found.result.best_epoch,
        train_loss=found.result.train_loss,
        val_loss=found.result.val_loss,
        epoch_seconds=found.result.epoch_seconds,
    )
