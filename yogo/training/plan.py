"""The plan of a run, after everything was read and resolved. The main process makes it for all processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from yogo.definition import Splits
from yogo.definition.thumbnails import Thumbnail
from yogo.recipe import Recipe
from yogo.run.correction import AssayRoles
from yogo.run.directory import RunDirectory
from yogo.run.launch import ValueSearch
from yogo.run.manifest import PastJob


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    run: RunDirectory
    definition: Path
    classes: tuple[str, ...]
    recipe: Recipe
    """As resolved, including what a pretrained file passes on."""

    splits: Splits
    precision: str
    """auto, fp32, bf16, fp16, or half, which is the 16-bit type that the hardware supports."""

    roles: AssayRoles | None = None
    """What the classes are for; None where the definition does not say."""

    thumbnails: tuple[Thumbnail, ...] = ()
    num_made: int = 0
    """Number of composed frames; they follow the training images in the training set."""

    pretrained: Path | None = None
    pretrained_sha256: str | None = None
    reset_head: bool = False
    """Whether the pretrained weights of the class outputs are replaced by new ones."""

    checkpoint: Path | None = None
    """The checkpoint to resume from; None starts at the first step."""

    image_bits: int | None = 8
    """How deep images of more than 8 bits are read: see yogo.images.depth."""

    attempt: int = 0
    past_jobs: tuple[PastJob, ...] = ()
    """Those of the attempts before this one."""

    search: ValueSearch | None = None
    """The study of the sweep that it is a trial of; None if none chose its values."""

    trained_on: dict[str, int] = field(default_factory=dict)
    """How many test images each run was trained on, this one or one that it comes from; by the run's name."""

    test_digests: tuple[str, ...] = ()
    """The SHA-256 of each test image, in their order."""
