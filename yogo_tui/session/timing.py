"""When a launch would start and, by the epochs of a run like it, when it would finish."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePath

from yogo.recipe import Recipe
from yogo.run.launch import Size
from yogo.text.terminal import printable
from yogo_tui.cluster.base import Estimate
from yogo_tui.runs.model import Run
from yogo_tui.words import duration

_OF_SPEED = (
    "batch_size",
    "accumulate",
    "model",
    "image_hw",
    "rgb_images",
    "sync_batch_norm",
    "rotate",
    "brightness",
    "contrast",
    "weighted_sampler",
    "precision",
)
"""Fields of a recipe on which the time of an epoch depends."""

_OF_HARDWARE = ("gpus", "cpus", "num_processes", "nodes", "gpu_type", "partition", "constraint")
"""Fields of a size, likewise."""


@dataclass(frozen=True, slots=True)
class Takes:
    """How long a run would train."""

    seconds: float
    like: str
    """The run whose epochs tell it."""

    is_most: bool
    """Whether early stopping may end it sooner."""


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


def takes(definition: PurePath, recipe: Recipe, size: Size, runs: Iterable[Run], cluster: str) -> Takes | None:
    """How long the recipe would train on this definition, by the latest of `runs` that had the same data, network and
    hardware; None if there is none."""
    like = [run for run in runs if run.definition == str(definition) and _is_like(run, recipe, size, cluster)]
    latest = max(like, key=lambda run: run.created_at.timestamp() if run.created_at else 0, default=None)
    if latest is None or latest.progress is None or latest.progress.epoch_seconds is None:
        return None
    return Takes(latest.progress.epoch_seconds * recipe.epochs, latest.name, recipe.early_stopping > 0)


def _is_like(run: Run, recipe: Recipe, size: Size, cluster: str) -> bool:
    launch = run.launch
    if launch is None or launch.submission is None or launch.submission.cluster != cluster:
        return False
    if run.progress is None or not run.progress.epoch_seconds:
        return False
    same_work = all(getattr(launch.recipe, name) == getattr(recipe, name) for name in _OF_SPEED)
    return same_work and all(getattr(launch.size, name) == getattr(size, name) for name in _OF_HARDWARE)


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
    like = f"by the epochs of {timing.takes.like}"
    if timing.finishes_at is None:
        return f"It takes {duration(timing.takes.seconds)}{most}, {like}."
    return f"It would finish by {_moment(timing.finishes_at)}{most and ', or sooner'}, {like}."


def _moment(then: datetime) -> str:
    """Such as "now", "today 14:30" or "05 Mar 14:30"."""
    moment = then.astimezone()
    days = (moment.date() - datetime.now().astimezone().date()).days
    if days <= 0:
        return f"today {moment:%H:%M}" if moment > datetime.now().astimezone() else "now"
    return f"tomorrow {moment:%H:%M}" if days == 1 else f"{moment:%d %b %H:%M}"
