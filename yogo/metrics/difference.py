"""The difference between two models on the same images, and what it takes to see one. Needs no numpy."""

from __future__ import annotations

import math
from dataclasses import dataclass

from yogo.students_t import NORMAL

NUM_RESAMPLES = 2_000

FEWEST_IMAGES = 20
"""With fewer, single images decide."""

KEYS = ("mAP50", "f1", "count_error")
"""The metrics that are compared."""

SEEN_BY_CHANCE, SEEN_IF_THERE = NORMAL, 0.841621
"""Quantiles of the normal distribution: an interval of 95 %, and a difference that four of five tests see."""


@dataclass(frozen=True, slots=True)
class PairedFigure:
    """A figure of two models on the same images."""

    key: str
    first: float
    second: float
    low: float
    """Of the interval in which 95 % of the resamples have the difference, first minus second."""

    high: float
    deviation: float
    """Standard deviation of the difference over the resamples."""

    @property
    def difference(self) -> float:
        return self.first - self.second

    @property
    def is_seen(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


def images_to_show(difference: float, deviation: float, num_images: int) -> int | None:
    """How many images of the same kind would show a difference of this size in four of five tests, where `num_images`
    give it this standard deviation, which falls with the root of their number; None where there is no difference."""
    if not difference:
        return None
    return math.ceil(num_images * (detectable(deviation) / difference) ** 2)


def detectable(deviation: float) -> float:
    """The difference that four of five tests would see, whose difference has this standard deviation."""
    return (SEEN_BY_CHANCE + SEEN_IF_THERE) * deviation


def seeds_to_show(difference: float, deviation: float) -> int | None:
    """How many seeds each of two recipes needs to show a difference of this size between their means in four of five
    comparisons, where single seeds have this standard deviation; None where there is no difference.

    The formula for Student's t of Guenther, Sample Size Formulas for Normal Theory T Tests, The American Statistician
    35 (1981).
    """
    if not difference:
        return None
    return max(2, math.ceil(2 * (detectable(deviation) / difference) ** 2 + SEEN_BY_CHANCE**2 / 4))
