"""The arrays that metrics are functions of: labelled and predicted boxes of many pictures, in one list each.

Axes: N boxes, K classes; a box is x0, y0, x1, y1 in fractions of the frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Truth:
    """Boxes as people drew them."""

    image: Ints
    """(N,) which picture each lies on, from 0."""

    box: Floats
    """(N, 4)."""

    label: Ints
    """(N,)."""


@dataclass(frozen=True, slots=True)
class Found:
    """Boxes as a network gave them."""

    image: Ints
    """(N,)."""

    box: Floats
    """(N, 4)."""

    objectness: Floats
    """(N,)."""

    probabilities: Floats
    """(N, K): of the classes; each row sums to 1."""

    @property
    def label(self) -> Ints:
        """(N,): the most probable class."""
        label: Ints = self.probabilities.argmax(1)
        return label

    @property
    def score(self) -> Floats:
        """(N,): objectness x the highest class probability."""
        score: Floats = self.objectness * self.probabilities.max(1)
        return score


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of a set of pictures and what a network found on them."""

    num_images: int
    truth: Truth
    ranked: Found
    """Boxes above a low objectness, for what depends on their order alone."""

    kept: Found
    """Boxes that inference would keep."""
