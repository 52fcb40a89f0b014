"""Counts of each class above each threshold of the class's probability, from one pass over the boxes.

Inference filters by probability after suppression, so the boxes above a threshold are those that
`yogo infer --min-class-confidence-threshold` keeps.

Axes: T thresholds, N boxes, K classes, I images.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from yogo.assay.roles import Doubles, Ints

CONFIDENCES = np.concatenate(([0.0], np.arange(50, 100) / 100))
"""(T,): every box, then 0.50 to 0.99."""


def counts_by_confidence(
    image_N: Ints,
    label_N: Ints,
    confidence_N: NDArray[np.float32],
    *,
    num_images: int,
    num_classes: int,
    confidences: Doubles = CONFIDENCES,
) -> Ints:
    """(T, I, K): boxes of a class in an image whose confidence, the highest class probability, is above a threshold.

    `confidences` (T,) rise from 0, which counts every box."""
    # As inference compares: the probability in 32 bits against a threshold that is a Python number.
    below_N = np.maximum(np.searchsorted(confidences.astype(np.float32), confidence_N, "left"), 1)
    num, size = len(confidences), num_images * num_classes
    places_N = (below_N * num_images + image_N) * num_classes + label_N
    num_below = np.bincount(places_N, minlength=(num + 1) * size).reshape(num + 1, num_images, num_classes)
    above_T: Ints = num_below[::-1].cumsum(0)[::-1][1:]
    return above_T
