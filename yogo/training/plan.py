"""What a run will do, once everything was read, resolved and agreed upon: made by the leading process for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from yogo.definition import DatasetDefinition, Splits
from yogo.definition.identity import Status
from yogo.definition.thumbnails import Thumbnail
from yogo.recipe import Recipe
from yogo.run.directory import RunDirectory


@dataclass(frozen=True, slots=True)
class Plan:
    run: RunDirectory
    definition: Path
    classes: tuple[str, ...]
    recipe: Recipe
    """As resolved: what a pretrained file passes on stands in it."""

    splits: Splits
    precision: str
    """auto, fp32, bf16, fp16, or half: 16 bits of the hardware's choice."""

    resolved: DatasetDefinition | None = None
    """What the definition said; None when a run goes on, which has it in its record."""

    seen: Mapping[str, Status] = field(default_factory=dict)
    """The files as this process has just recorded them; empty in those that do not lead, and when a run goes on."""

    thumbnails: tuple[Thumbnail, ...] = ()
    num_made: int = 0
    """Frames made of the thumbnails; they follow the training pictures in the training set."""

    pretrained: Path | None = None
    pretrained_sha256: str | None = None
    reset_head: bool = False
    """Whether the pretrained weights of the class outputs are replaced by new ones."""

    checkpoint: Path | None = None
    """What to go on from; None begins at the first step."""

    image_bits: int | None = 8
    """How deep pictures of more than 8 bits are read: see yogo.data.depth."""

    attempt: int = 0
    notices: tuple[str, ...] = ()
    trained_on: dict[str, int] = field(default_factory=dict)
    """How many test pictures each run was trained on, this one or one that it comes from; by the run's name."""
