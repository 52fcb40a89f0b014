"""Counting, which is what the instrument does: by how many cells of each class a frame's count is wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yogo.metrics.boxes import Found, Ints, Truth

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CountErrors:
    """Cells a frame, per class, (K,)."""

    error: Doubles
    """Mean of how far off a frame's count is, either way."""

    bias: Doubles
    """Mean of the count less the truth: above 0, too many are counted."""


def count_errors(found: Found, truth: Truth, num_images: int, num_classes: int) -> CountErrors:
    """Over all frames, those with nothing on them included."""
    off_by = _counts(found, num_images, num_classes) - _counts(truth, num_images, num_classes)
    return CountErrors(np.abs(off_by).mean(0), off_by.mean(0))


def _counts(boxes: Found | Truth, num_images: int, num_classes: int) -> Ints:
    places = boxes.image * num_classes + boxes.label
    return np.bincount(places, minlength=num_images * num_classes).reshape(num_images, num_classes)
