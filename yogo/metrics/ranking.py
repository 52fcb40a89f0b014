"""Boxes as COCO ranks and matches them: each class of each image by itself, in double precision."""

from __future__ import annotations

import numpy as np

from yogo.metrics.boxes import GroundTruth, Ints, PredictedBoxes
from yogo.metrics.precision import MOST_BOXES


def ranked_of(found: PredictedBoxes, num_classes: int) -> PredictedBoxes:
    """Those that count: the best of each image and class."""
    return found.taken(place_in(found.image * num_classes + found.label, found) < MOST_BOXES)


def place_in(group_N: Ints, found: PredictedBoxes) -> Ints:
    """(N,): how many boxes of its group have a better score than each, or the same and come before it."""
    order = np.lexsort((-found.score, group_N))
    sorted_N = group_N[order]
    place_N = np.empty(len(order), np.int64)
    place_N[order] = np.arange(len(order)) - np.searchsorted(sorted_N, sorted_N, "left")
    return place_N


def by_class(found: PredictedBoxes, truth: GroundTruth, num_classes: int) -> tuple[PredictedBoxes, GroundTruth]:
    """To be matched as if each class of an image were an image of its own."""
    exact, labels = in_doubles(found, truth)
    return (
        PredictedBoxes(found.image * num_classes + found.label, exact.box, exact.objectness, exact.probabilities),
        GroundTruth(truth.image * num_classes + truth.label, labels.box, labels.label),
    )


def in_doubles(found: PredictedBoxes, truth: GroundTruth) -> tuple[PredictedBoxes, GroundTruth]:
    return (
        PredictedBoxes(found.image, found.box.astype(np.float64), found.objectness, found.probabilities),
        GroundTruth(truth.image, truth.box.astype(np.float64), truth.label),
    )
