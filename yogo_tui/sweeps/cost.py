"""What a sweep costs: GPU hours, by the pace of runs like its trials where there are any, else by the time limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from yogo.recipe import Recipe
from yogo.text.wording import counted
from yogo_tui.runs.pace import KnownPaces
from yogo_tui.settings import SizePreset


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


def cost_of(recipes: Sequence[Recipe], definition: str, size: SizePreset, paces: KnownPaces) -> Cost:
    """What jobs of this size cost that train by these recipes on this definition, as far as runs like them tell it."""
    told = [(paces.of(definition, recipe, size), recipe) for recipe in recipes]
    seconds = [pace.epoch_seconds * recipe.epochs if pace else None for pace, recipe in told]
    hours = [size.hours if one is None else min(one / 3600, size.hours) for one in seconds]
    measured = sum(one is not None for one in seconds)
    return Cost(sum(hours), size.gpus, measured, len(recipes), max(hours, default=0.0))


def _round(hours: float) -> float:
    return round(hours) if hours >= 10 else round(hours, 1) if hours >= 0.1 else float(f"{hours:.1g}")
