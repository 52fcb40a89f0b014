"""The plan of a launch, and its result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from yogo.recipe import Recipe
from yogo.run.launch import Kind, Launch, Parent, ValueSearch
from yogo_tui.cluster.base import JobId
from yogo_tui.settings import SizePreset


def kind_of(preset_slug: str) -> Kind:
    """The kind of a run without pretrained weights, from its preset's name."""
    return Kind.PRETRAIN if "pretrain" in preset_slug else Kind.TRAIN


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that one launch alone has otherwise than its recipe or its size."""

    field: str
    now: str
    before: str

    def __str__(self) -> str:
        return f"{self.field} {self.now or 'by default'}, and not {self.before or 'by default'}"

    @property
    def is_of_recipe(self) -> bool:
        return self.field in Recipe.model_fields


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """A run that can be launched. It is immutable: a change makes a new plan."""

    name: str
    kind: Kind
    definition: PurePosixPath
    recipe: Recipe
    size: SizePreset
    preset: str = ""
    changes: tuple[FieldChange, ...] = ()
    """What it has otherwise than its preset and its size in the settings, because a person asked for it."""

    parent: Parent | None = None
    reset_head: bool = False
    """Whether it starts with new class outputs, so that its classes may differ from the parent's."""

    after: JobId | None = None
    """Id of the job to wait for; None if the parent's weights exist already, or there is no parent."""

    notice: str = ""
    """A sentence to show before it is launched; empty if there is none."""

    is_forced: bool = False
    """Whether it may be launched on a definition that has errors."""

    search: ValueSearch | None = None
    """The study that its job asks for some of the recipe's values; None for a recipe that is fixed."""

    script: str = ""
    """A job script to submit instead of the template's, which was edited for this launch; PREVIEW_TOKEN stands where
    the launch's token belongs. Empty for the template's."""


@dataclass(frozen=True, slots=True)
class Launched:
    """The result of a launch."""

    launch: Launch
    directory: PurePosixPath
    job_id: JobId | None
    """None if it is not known whether the job exists."""

    notice: str = ""
