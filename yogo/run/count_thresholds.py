"""The thresholds at which a network's counts are unbiased on the validation set, one a class.

They are kept in the checkpoint. A box is counted, for its most probable class, where its score, objectness x
probability, is above the threshold of that class. This is asked of what suppression has left of all boxes above a low
objectness, so that the thresholds of one class change no count of another.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from yogo.run.record import Part
from yogo.text.wording import counted

USUAL_SCORE = 0.5
"""The threshold of a class that has none of its own."""

FEW_IMAGES = 20
"""With fewer, single images decide where a threshold lies."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Number = Annotated[int, Field(ge=0)]


class ClassThreshold(Part):
    score: Share | None = None
    """None where no threshold is known: the class was not labelled, or too few of its boxes were found."""

    low: Share | None = None
    """Of the interval that holds the threshold in 95 % of the resamples of the images; None where there is none."""

    high: Share | None = None
    labelled: Number = 0
    """On the images that it was chosen on."""

    counted: Number = 0
    """On the same images, at this threshold or the usual one. The two differ where scores are equal."""

    @property
    def used(self) -> float:
        return USUAL_SCORE if self.score is None else self.score

    @property
    def why_none(self) -> str:
        """Why there is no threshold; empty where there is one."""
        if self.score is not None:
            return ""
        return f"fewer boxes than its {self.labelled:,} labels were found" if self.labelled else "it has no labels"


class CountThresholds(Part):
    objectness: Share
    """Only boxes above it are looked at."""

    suppression_iou: Share
    """Of boxes that overlap by more, one is looked at."""

    num_images: Number
    """In the validation set."""

    of_class: dict[str, ClassThreshold]
    """In the order of the classes."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for one in self.of_class.values():
            if None not in (one.low, one.high) and one.low > one.high:  # type: ignore[operator]
                raise ValueError("an interval ends before it begins")
        return self

    @property
    def scores(self) -> tuple[float, ...]:
        """The thresholds that are used."""
        return tuple(one.used for one in self.of_class.values())

    @property
    def facts(self) -> dict[str, Any]:
        """As it is stored."""
        return self.model_dump(mode="json")

    def remarks(self) -> Iterator[str]:
        """Sentences on what they are not good for."""
        for name, one in self.of_class.items():
            if one.score is None:
                yield f"{name} counts at {USUAL_SCORE:g}: in validation {one.why_none}"
            elif one.counted != one.labelled:
                yield (
                    f"the count threshold of {name} counts {one.counted:,} where the validation set has "
                    f"{one.labelled:,} labels, as several boxes have the same score"
                )
        if self.num_images < FEW_IMAGES:
            few = counted(self.num_images, "validation image")
            yield f"the count thresholds come from {few}: single images decide them"


def threshold_words(one: ClassThreshold) -> str:
    """Such as 0.62 (0.55 to 0.70)."""
    if one.score is None:
        return f"{USUAL_SCORE:g}, as {one.why_none}"
    between = "" if one.low is None or one.high is None else f" ({one.low:.3f} to {one.high:.3f})"
    return f"{one.score:.3f}{between}"
