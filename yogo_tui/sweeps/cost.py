"""What a sweep costs: GPU hours, by the pace of runs like its trials where there are any, else by the time limit."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from yogo.recipe import Recipe
from yogo.text.wording import counted
from yogo_tui.runs.model import Run
from yogo_tui.settings import SizePreset

_PACE = ("model", "image_hw", "rgb_images", "precision")
"""Fields of a recipe that decide how long an epoch takes on the same data and GPUs."""


@dataclass(frozen=True, slots=True)
class Cost:
    hours: float
    """Of all jobs together."""

    gpus: int
    """Of a job."""

    num_measured: int
    """Trials of which the pace is known from runs like them."""

    num_trials: int
    longest: float
    """Hours of the longest trial."""

    @property
    def gpu_hours(self) -> float | None:
        return self.hours * self.gpus if self.gpus else None

    def __str__(self) -> str:
        """Such as "about 36 GPU hours, by the pace of earlier runs like these": it says where that is known from."""
        number = _round(self.hours * (self.gpus or 1))
        hours = counted(number, "GPU hour") if self.gpus else f"{counted(number, 'hour')} on CPUs"
        if self.num_measured == self.num_trials:
            return f"about {hours}, by the pace of earlier runs like these"
        if not self.num_measured:
            return f"at most {hours}, by the jobs' time limit, as no earlier run like these tells the pace"
        return f"about {hours}, by the pace of earlier runs for {self.num_measured}, by the time limit for the others"


def cost_of(recipes: Sequence[Recipe], definition: str, size: SizePreset, runs: Iterable[Run]) -> Cost:
    """What jobs of this size cost that train by these recipes on this definition, as far as these runs tell it."""
    paces = _paces(definition, size, runs)
    seconds = [paces[key] * recipe.epochs if (key := _key(recipe)) in paces else None for recipe in recipes]
    hours = [size.hours if one is None else min(one / 3600, size.hours) for one in seconds]
    measured = sum(one is not None for one in seconds)
    return Cost(sum(hours), size.gpus, measured, len(recipes), max(hours, default=0.0))


def _paces(definition: str, size: SizePreset, runs: Iterable[Run]) -> dict[tuple[object, ...], float]:
    """The median of seconds that an epoch takes, by what decides it."""
    seen = dict[tuple[object, ...], list[float]]()
    for run in runs:
        source, took = run.manifest or run.launch, run.progress.epoch_seconds if run.progress else None
        if source is None or run.launch is None or not took or run.definition != definition:
            continue
        if (run.launch.size.gpus, run.launch.size.nodes) == (size.gpus, size.nodes):
            seen.setdefault(_key(source.recipe), []).append(took)
    return {key: statistics.median(some) for key, some in seen.items()}


def _key(recipe: Recipe) -> tuple[object, ...]:
    return tuple(getattr(recipe, field) for field in _PACE)


def _round(hours: float) -> float:
    return round(hours) if hours >= 10 else round(hours, 1) if hours >= 0.1 else float(f"{hours:.1g}")
