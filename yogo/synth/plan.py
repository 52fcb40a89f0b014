"""What `yogo synth` is asked to make: each of its options. Light: it is read before numpy is imported."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from yogo.recipe import Knob

SLIDES = "slides"
"""The group of what is asked of slides."""

Count = Annotated[int, Field(ge=1, le=1_000_000)]
Side = Annotated[int, Field(ge=32, le=16_384)]
Density = Annotated[float, Field(ge=0, le=5_000_000, allow_inf_nan=False)]


@dataclass(frozen=True)
class SynthPlan:
    pictures: Annotated[Count, Knob()] = 24
    """Images to pre-train on; half as many more are made to fine-tune on, and a quarter as many to test on."""

    image_hw: Annotated[tuple[Side, Side], Knob(metavars=("HEIGHT", "WIDTH"))] = (772, 1032)
    """Height and width of the images, in pixels."""

    cells: Annotated[Count, Knob()] = 40
    """Mean number of cells in an image."""

    seed: Annotated[int, Field(ge=0, lt=2**63), Knob()] = 0
    """Seed of the images. Another seed makes other images."""

    classes: Annotated[int, Field(ge=1, le=7), Knob()] = 7
    """Number of classes of cells, at most 7."""

    @property
    def class_names(self) -> list[str]:
        from yogo.synth.cells import KINDS

        return [kind.name for kind in KINDS[: self.classes]]


@dataclass(frozen=True)
class SlidesPlan:
    samples: Annotated[Annotated[int, Field(ge=4, le=10_000)] | None, Knob(group=SLIDES)] = None
    """Make slides of blood in place of --pictures: so many to pre-train on, half as many to fine-tune on, a quarter as
    many to test on (at least 4 each), and those of --per-microlitre. They differ in stain, focus and artefacts.
    """

    frames: Annotated[Count, Knob(group=SLIDES)] = 20
    """Images of each slide."""

    per_microlitre: Annotated[tuple[Density, ...], Knob(group=SLIDES, metavars=("X",))] = (
        *(0, 0, 0, 0, 0, 0),
        *(10_000, 20_000, 50_000, 100_000, 200_000, 500_000),
    )
    """Parasites per microlitre of a series of slides, one of each, whose value is then known; 0 is a negative one."""
