"""The input arrays of the metrics: labelled and predicted boxes of many images, in one list each.

Axes: N boxes, K classes; a box is x0, y0, x1, y1 in fractions of the frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yogo.suppression import AS_PUBLISHED, Suppression

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """Ground truth: boxes as people drew them."""

    image: Ints
    """(N,) which image each lies on, from 0."""

    box: Floats
    """(N, 4)."""

    label: Ints
    """(N,)."""


@dataclass(frozen=True, slots=True)
class PredictedBoxes:
    """Boxes as a network predicted them."""

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

    def taken(self, chosen: npt.NDArray[np.bool_] | Ints) -> PredictedBoxes:
        return PredictedBoxes(self.image[chosen], self.box[chosen], self.objectness[chosen], self.probabilities[chosen])


@dataclass(frozen=True, slots=True)
class EvaluationData:
    """Ground truth and predictions for a set of images."""

    num_images: int
    truth: GroundTruth
    ranked: PredictedBoxes
    """Boxes above a low objectness, for metrics that depend only on their order."""

    kept: PredictedBoxes
    """Boxes that inference would keep."""

    suppression: Suppression = AS_PUBLISHED
    """How both were made of the network's cells."""
