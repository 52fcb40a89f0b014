"""When a launch would start and, by the epochs of a run like it, when it would finish."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from yogo.recipe import Recipe
from yogo.text.terminal import printable
from yogo_tui.cluster.base import Estimate
from yogo_tui.runs.pace import EpochPace
from yogo_tui.words import duration


@dataclass(frozen=True, slots=True)
class Takes:
    """How long a run would train."""

    seconds: float
    like: str
    """The run whose epochs tell it; empty if it was measured."""

    is_most: bool
    """Whether early stopping may end it sooner."""

    measured_at: datetime | None = None
    """When its speed was measured; None if a run tells it."""

    @property
    def told_by(self) -> str:
        """Such as "the epochs of calm-bear-1" or "the speed measured today 14:30"."""
        return f"the speed measured {_when(self.measured_at)}" if self.measured_at else f"the epochs of {self.like}"


@dataclass(frozen=True, slots=True)
class Timing:
    estimate: Estimate | None = None
    """When it would start; None if the cluster was not asked."""

    takes: Takes | None = None
    """None if nothing like it has trained yet."""

    @property
    def finishes_at(self) -> datetime | None:
        """None if its start or its length is not known."""
        starts_at = self.estimate.no_later_than if self.estimate else None
        if starts_at is None or self.takes is None:
            return None
        return max(starts_at, datetime.now(starts_at.tzinfo)) + timedelta(seconds=self.takes.seconds)


def takes(pace: EpochPace | None, recipe: Recipe) -> Takes | None:
    """How long the recipe trains at this pace; None if there is none."""
    if pace is None:
        return None
    measured_at = None if pace.run else pace.at
    return Takes(pace.epoch_seconds * recipe.epochs, pace.run, recipe.early_stopping > 0, measured_at)


def start_words(estimate: Estimate | None) -> str:
    """When it would start, else why that is not known; empty if the cluster was not asked."""
    if estimate is None:
        return ""
    return _moment(estimate.no_later_than) if estimate.no_later_than else printable(estimate.detail) or "not known"


def takes_words(timing: Timing) -> str:
    return duration(timing.takes.seconds) if timing.takes else ""


def finish_words(timing: Timing) -> str:
    """When it would finish, and by what that is known; a sentence where that is not known."""
    if timing.takes is None:
        return "No run like it tells yet how long it takes."
    most = " at most" if timing.takes.is_most else ""
    like = f"by {timing.takes.told_by}"
    if timing.finishes_at is None:
        return f"It takes {duration(timing.takes.seconds)}{most}, {like}."
    return f"It would finish by {_moment(timing.finishes_at)}{most and ', or sooner'}, {like}."


def _moment(then: datetime) -> str:
    """Such as "now", "today 14:30" or "05 Mar 14:30"."""
    return "now" if then <= datetime.now(then.tzinfo) else _when(then)


def _when(then: datetime) -> str:
    """Such as "yesterday 14:30" or "05 Mar 14:30"."""
    moment = then.astimezone()
    days = (moment.date() - datetime.now().astimezone().date()).days
    day = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(days) or f"{moment:%d %b}"
    return f"{day} {moment:%H:%M}"
