"""How often a model is wrong, by its own confidence, measured on labelled images; and how far a person must look.

An error is a label that matches no object of its class (IoU of one half), or an object without a label. On an image
that nobody has looked at, the errors to be expected are

    the sum over its labels of (1 - how often a label of that confidence is right)
    + the sum over boxes too faint to be labels of how often such a box is an object that no label found
    + its objects x the share of objects on which the model finds nothing at all

Whoever looks at images in the order of that sum, the largest first, and mends what is wrong on them, leaves the errors
of the others; their share of all objects to be expected is the error that is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yogo.metrics.boxes import Doubles, Floats, GroundTruth, PredictedBoxes
from yogo.metrics.matching import match

MATCH_IOU = 0.5

LEAST_OBJECTS = 50
"""Labelled objects, to measure anything by."""


@dataclass(frozen=True, slots=True)
class RightByScore:
    """How often boxes are right, never falling with their score."""

    scores: Doubles
    """Rising; each is the highest of its step."""

    share: Doubles

    @classmethod
    def measured(cls, scores: Floats, is_right: npt.NDArray[np.bool_]) -> RightByScore:
        """By the pool of adjacent violators, after Ayer et al. 1955; one right and one wrong box are added to each
        step, so that few boxes never make it sure."""
        order = np.argsort(scores, kind="stable")
        steps: list[tuple[float, float, float]] = []
        """Of each the highest score, the right boxes and all boxes."""
        for part in np.array_split(order, max(1, len(order) // 10)):
            if not len(part):
                continue
            steps.append((float(scores[part[-1]]), float(is_right[part].sum()), float(len(part))))
            while len(steps) > 1 and steps[-2][1] / steps[-2][2] >= steps[-1][1] / steps[-1][2]:
                high, right, num = steps.pop()
                _, before, earlier = steps.pop()
                steps.append((high, right + before, num + earlier))
        highest = np.array([high for high, _, _ in steps])
        share = np.array([(right + 1) / (num + 2) for _, right, num in steps])
        return cls(highest, np.maximum.accumulate(share))

    def of(self, scores: Floats) -> Doubles:
        if not len(self.share):
            return np.zeros(len(scores))
        place = np.minimum(np.searchsorted(self.scores, scores, "left"), len(self.share) - 1)
        found: Doubles = self.share[place]
        return found


@dataclass(frozen=True, slots=True)
class LabelCalibration:
    labels: RightByScore
    """Of boxes that become labels."""

    faint: RightByScore
    """Of the others: whether each is an object that no label found."""

    unseen: float
    """The share of objects on which there is no box at all."""

    num_images: int
    num_objects: int


BY_ITS_OWN_WORD = LabelCalibration(
    RightByScore(np.linspace(0, 1, 101), np.linspace(0, 1, 101)),
    RightByScore(np.linspace(0, 1, 101), np.linspace(0, 1, 101)),
    0.0,
    0,
    0,
)
"""Where nothing is measured: a model that is right as often as it says."""


def measured(found: PredictedBoxes, truth: GroundTruth, num_images: int, obj_thresh: float) -> LabelCalibration | None:
    """None where there are too few labelled objects."""
    if len(truth.image) < LEAST_OBJECTS:
        return None
    is_label = found.objectness > obj_thresh
    by_label = np.full(len(found.image), -1)
    by_label[is_label] = match(_some(found, is_label), truth, MATCH_IOU)
    is_found = np.zeros(len(truth.image), bool)
    is_found[by_label[by_label >= 0]] = True
    is_right = (by_label >= 0) & (np.append(truth.label, -1)[by_label] == found.label)
    left = np.flatnonzero(~is_found)
    rest = GroundTruth(truth.image[left], truth.box[left], truth.label[left])
    by_faint = match(_some(found, ~is_label), rest, MATCH_IOU)
    unseen = (len(left) - len({*by_faint[by_faint >= 0].tolist()})) / len(truth.image)
    return LabelCalibration(
        RightByScore.measured(found.score[is_label], is_right[is_label]),
        RightByScore.measured(found.score[~is_label], by_faint >= 0),
        unseen,
        num_images,
        len(truth.image),
    )


@dataclass(frozen=True, slots=True)
class ExpectedErrors:
    """Of one image."""

    errors: float
    objects: float


def expected(rows: Floats, calibration: LabelCalibration, obj_thresh: float) -> ExpectedErrors:
    """`rows` (N, 5 + classes) are an image's boxes, faint ones too."""
    scores, is_label = rows[:, 4] * rows[:, 5:].max(1, initial=0), rows[:, 4] > obj_thresh
    right, missed = calibration.labels.of(scores[is_label]), calibration.faint.of(scores[~is_label])
    seen = float(right.sum() + missed.sum())
    objects = seen / max(1e-9, 1 - calibration.unseen)
    return ExpectedErrors(float((1 - right).sum() + missed.sum()) + objects - seen, objects)


def error_left(errors: Sequence[ExpectedErrors]) -> Doubles:
    """(images + 1,): the share of objects that is wrong once the first n images, in this order, are mended."""
    objects = max(1e-9, sum(one.objects for one in errors))
    each = np.array([one.errors for one in errors])
    left: Doubles = np.append(each[::-1].cumsum()[::-1], 0) / objects
    return left


def _some(found: PredictedBoxes, which: npt.NDArray[np.bool_]) -> PredictedBoxes:
    return PredictedBoxes(found.image[which], found.box[which], found.objectness[which], found.probabilities[which])
