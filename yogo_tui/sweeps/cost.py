"""What a sweep costs: GPU hours, by the pace of runs like its trials where there are any, else by the time limit."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from yogo.recipe import Recipe, applied
from yogo.run.launch import SearchedField, ValueSearch
from yogo.text.wording import counted
from yogo_tui.runs.pace import OF_WORK, KnownPaces
from yogo_tui.settings import SizePreset

_TAKES_TIME = ("epochs", *OF_WORK)
_MOST = 256
"""Of the recipes that a study may choose, those that are reckoned with."""


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

    is_mean: bool = False
    """Whether a study chooses what takes time, so that this is the mean of what it may choose."""

    @property
    def gpu_hours(self) -> float | None:
        return self.hours * self.gpus if self.gpus else None

    def __str__(self) -> str:
        """Such as "about 36 GPU hours, by the pace of earlier runs like these": it says where that is known from."""
        number = _round(self.hours * (self.gpus or 1))
        hours = counted(number, "GPU hour") if self.gpus else f"{counted(number, 'hour')} on CPUs"
        if self.num_measured == self.num_trials:
            mean = " and the mean of what may be chosen" if self.is_mean else ""
            return f"about {hours}, by the pace of earlier runs like these{mean}"
        if not self.num_measured:
            return f"at most {hours}, by the jobs' time limit, as no earlier run like these tells the pace"
        return f"about {hours}, by the pace of earlier runs for {self.num_measured}, by the time limit for the others"


def cost_of(
    recipes: Sequence[Recipe],
    definition: str,
    size: SizePreset,
    paces: KnownPaces,
    search: ValueSearch | None = None,
) -> Cost:
    """What jobs of this size cost that train by these recipes on this definition, as far as runs like them tell it.
    Where a study chooses the values, a trial costs the mean of what it may choose."""
    each = [_known_hours(_choices(recipe, search), definition, size, paces) for recipe in recipes]
    hours = [statistics.fmean(known or [size.hours]) for known in each]
    is_mean = search is not None and any(one.field in _TAKES_TIME for one in search.fields)
    return Cost(sum(hours), size.gpus, sum(map(bool, each)), len(recipes), max(hours, default=0.0), is_mean)


def _known_hours(recipes: Sequence[Recipe], definition: str, size: SizePreset, paces: KnownPaces) -> list[float]:
    """Of those of which the pace is known."""
    told = [(paces.of(definition, recipe, size), recipe) for recipe in recipes]
    return [min(pace.epoch_seconds * recipe.epochs / 3600, size.hours) for pace, recipe in told if pace]


def _choices(recipe: Recipe, search: ValueSearch | None) -> list[Recipe]:
    """The recipes that a study may choose, as far as they differ in how long they take."""
    fields = [one for one in search.fields if one.field in _TAKES_TIME] if search else []
    chosen = itertools.islice(itertools.product(*map(_texts, fields)), _MOST)
    named = [{one.field: text for one, text in zip(fields, texts, strict=True)} for texts in chosen]
    return [applied(recipe, given) for given in named]


def _texts(one: SearchedField) -> Sequence[str]:
    """Its choices; of a range the mean, a whole number where it is one of such."""
    if one.choices:
        return one.choices
    span = math.log(one.high / one.low) if one.is_logarithmic and one.low != one.high else 0.0
    mean = (one.high - one.low) / span if span else (one.low + one.high) / 2
    return [f"{round(mean)}" if one.step else f"{mean:g}"]


def _round(hours: float) -> float:
    return round(hours) if hours >= 10 else round(hours, 1) if hours >= 0.1 else float(f"{hours:.1g}")
