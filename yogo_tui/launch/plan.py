"""What a person is about to launch, complete and not yet done."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from yogo.recipe import Recipe
from yogo.run.launch import Kind, Launch, Parent
from yogo_tui.cluster.base import JobId
from yogo_tui.settings import SizePreset


def kind_of(preset_slug: str) -> Kind:
    """Of a run that begins with no other's weights: what its preset is called by."""
    return Kind.PRETRAIN if "pretrain" in preset_slug else Kind.TRAIN


@dataclass(frozen=True, slots=True)
class Plan:
    """A run that could be launched. Frozen: a form makes a new one at each change."""

    name: str
    kind: Kind
    definition: PurePosixPath
    recipe: Recipe
    size: SizePreset
    preset: str = ""
    parent: Parent | None = None
    reset_head: bool = False
    """Whether it begins with new class outputs, for other classes than the parent's."""

    after: JobId | None = None
    """The job to wait for, when the parent has not finished yet."""

    notice: str = ""
    """What is worth saying of it before it is launched."""


@dataclass(frozen=True, slots=True)
class Launched:
    """What became of a launch."""

    launch: Launch
    directory: PurePosixPath
    job_id: JobId | None
    """None when it is not known whether the job exists."""

    notice: str = ""
