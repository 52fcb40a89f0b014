"""What `yogo synth` is asked to make: each of its options. Light: it is read before numpy is imported."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from yogo.recipe import Knob

Count = Annotated[int, Field(ge=1, le=1_000_000)]
Side = Annotated[int, Field(ge=32, le=16_384)]


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
