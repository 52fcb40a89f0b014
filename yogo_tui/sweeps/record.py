"""sweep.json: what a sweep varies, its trials, and the arrays that were to be submitted for them.

    <runs>/.sweeps/NAME/        sweep.json, array-<n>.sbatch (what was submitted)
    <runs>/NAME-<index>/        a trial: a run like any other, whose launch.json names the sweep

It lies beside the runs, on the same disk. Whether a trial has a job is recorded in the trial's own launch.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any

from pydantic import Field

from yogo.recipe import Recipe, applied
from yogo.run.launch import Kind, Parent, ValueSearch
from yogo.run.record import Part, Record, now
from yogo_tui.settings import SizePreset
from yogo_tui.sweeps import AT_ONCE

SWEEPS = ".sweeps"
FILE = "sweep.json"
WIDTH = 2
"""Digits of a trial's index in its name, at least: Slurm fills it up with zeros in the names of logs (%2a)."""


class Trial(Part):
    index: int
    values: Mapping[str, Any]
    """What it has otherwise than the sweep's recipe, by field."""


class ArraySubmission(Part):
    """An array that was to be submitted for some of the trials."""

    token: str
    """The array's; a trial's is this one with its index behind it."""

    indexes: tuple[int, ...]
    at: datetime = Field(default_factory=now)


class Sweep(Record):
    name: str
    created_at: datetime = Field(default_factory=now)
    kind: Kind
    definition: str
    """Absolute path of the dataset definition."""

    definition_sha256: str | None = None
    recipe: Recipe
    """Of all trials, but for what is varied."""

    preset: str = ""
    size: SizePreset
    parent: Parent | None = None
    reset_head: bool = False
    space: tuple[str, ...]
    """What is varied, as it was typed: FIELD=VALUES each."""

    sample: int | None = None
    """How many combinations were drawn at random; None for a grid."""

    search: ValueSearch | None = None
    """The study that its trials ask for what is varied; None if that is fixed at the launch."""

    seed: int = 0
    """Of the random sample."""

    throttle: int = AT_ONCE
    """How many trials run at a time."""

    trials: tuple[Trial, ...] = ()
    submissions: tuple[ArraySubmission, ...] = ()

    def name_of(self, index: int) -> str:
        """The name of a trial's run."""
        return trial_name(self.name, index)

    def recipe_of(self, trial: Trial) -> Recipe:
        return applied(self.recipe, trial.values)

    def values_of(self, trial: Trial) -> dict[str, Any]:
        """Its own values, of the types that a recipe has."""
        recipe = self.recipe_of(trial)
        return {field: getattr(recipe, field) for field in trial.values}

    def with_trials(self, values: Iterable[Mapping[str, Any]]) -> Sweep:
        """With these behind its trials; the indexes go on."""
        first = max((trial.index for trial in self.trials), default=-1) + 1
        added = tuple(Trial(index=first + place, values=dict(one)) for place, one in enumerate(values))
        return self.model_copy(update={"trials": (*self.trials, *added)})

    def with_submission(self, submission: ArraySubmission) -> Sweep:
        return self.model_copy(update={"submissions": (*self.submissions, submission)})


def trial_name(sweep: str, index: int) -> str:
    return f"{sweep}-{index:0{WIDTH}d}"


def folder_of(runs: Path, sweep: str) -> Path:
    return runs / SWEEPS / sweep


def array_script(folder: PurePath, number: int) -> str:
    """The path of the script of the array of this number, from 1."""
    return str(folder / f"array-{number}.sbatch")
