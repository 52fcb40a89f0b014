"""Counting, as the instrument does it: the error of a frame's cell count, per class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from yogo.metrics.boxes import Doubles, GroundTruth, Ints, PredictedBoxes


@dataclass(frozen=True, slots=True)
class CountErrors:
    """Cells per frame, per class, (K,)."""

    error: Doubles
    """Mean absolute error of a frame's count."""

    bias: Doubles
    """Mean of the count minus the ground truth: above 0, too many are counted."""


def count_errors(found: PredictedBoxes, truth: GroundTruth, num_images: int, num_classes: int) -> CountErrors:
    """Over all frames, including empty ones."""
    off_by = _counts(found, num_images, num_classes) - _counts(truth, num_images, num_classes)
    return CountErrors(np.abs(off_by).mean(0), off_by.mean(0))


def _counts(boxes: PredictedBoxes | GroundTruth, num_images: int, num_classes: int) -> Ints:
    places = boxes.image * num_classes + boxes.label
    return np.bincount(places, minlength=num_images * num_classes).reshape(num_images, num_classes)
