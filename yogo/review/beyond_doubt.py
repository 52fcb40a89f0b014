"""Which proposals of a model are beyond doubt, so that they can be taken together instead of one by one.

A model is sure of a box if it is at least as confident as of the surer half of those that have a label of their class
(IoU of one half): the labels themselves say what is sure, as in confident learning (Northcutt, Jiang and Chuang 2021,
arXiv:1911.00068). Of a class of few such labels nothing is sure, nor of one where fewer than three quarters of these
boxes have a label at all: there the model takes something else for it, such as dust. A proposal is beyond doubt if the
model is sure of its box, this is of a size that is usual for labels of its class, and

    drawn twice   one box, and no other, lies on either label, and on both; the label that stays is of its class. That
                  two labels are of one object is seen without the model, so it need only find the object at all
    overlooked    it lies apart from all labels, and from what the model is surer of
    wrong class   it lies on this label (IoU of one half) and apart from all others
    badly placed  it does not lie on this label (IoU below one half), is of its class, and apart from all others;
                  nothing else that the model finds lies apart from it there

Two boxes lie apart if what they share is less than a quarter of the smaller one. Labels on which the model finds
nothing are never beyond doubt, nor is anything on test images: no model corrects what it is measured by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from yogo.metrics.boxes import Doubles, Floats, GroundTruth, Ints, PredictedBoxes
from yogo.metrics.matching import match, overlaps_of
from yogo.review.calibration import MATCH_IOU
from yogo.review.disagreement import LEAST_LABELS, SURE, Disagreement
from yogo.review.labels import Doubled

APART = 0.25

LEAST_LABELLED = 0.75
"""Of the boxes that the model is sure of, the share that must have a label of their class."""

_USUAL = (1, 99)
"""Percentiles of the areas of a class's labels, between which a size is usual."""

_ROUNDING = 1e-4

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BeyondDoubt:
    """Which proposals are beyond doubt: about labels (M), predictions without one, and labels drawn twice."""

    placed_M: Bools
    class_M: Bools
    overlooked: frozenset[int]
    """Which predictions."""

    twice: Sequence[bool]
    least_K: Doubles
    """The confidence as of the surer half of the labels, of each class; above 1 where they are few."""

    labelled_K: Doubles
    """Of the boxes of that confidence, the share that has a label of their class: below LEAST_LABELLED nothing is sure.
    NaN where there is none."""


def beyond_doubt(
    found: PredictedBoxes, truth: GroundTruth, compared: Disagreement, doubled: Sequence[Doubled]
) -> BeyondDoubt:
    """`found` and `truth` are in the order of their images."""
    num_classes = found.probabilities.shape[1]
    to_N = match(found, truth, MATCH_IOU)
    is_right_N = (to_N >= 0) & (np.append(truth.label, -1)[to_N] == found.label)
    score_N, label_N = found.score.astype(np.float64), found.label
    least_K, labelled_K = np.full(num_classes, np.inf), np.full(num_classes, np.nan)
    is_sure_N = np.zeros(len(score_N), bool)
    for index in range(num_classes):
        right = score_N[is_right_N & (label_N == index)]
        if len(right) >= LEAST_LABELS:
            least_K[index] = np.median(right)
            sure = (label_N == index) & (score_N >= least_K[index])
            labelled_K[index] = is_right_N[sure].mean()
            if labelled_K[index] >= LEAST_LABELLED:
                is_sure_N |= sure & _usual_size(found.box, truth, index)
    rule = _Rule(found, truth, compared, is_sure_N)
    places = range(len(truth.image))
    return BeyondDoubt(
        np.array([rule.is_badly_placed(place) for place in places], bool),
        np.array([rule.is_of_wrong_class(place) for place in places], bool),
        frozenset(rule.overlooked()),
        [rule.is_twice(one) for one in doubled],
        least_K,
        labelled_K,
    )


def _usual_size(box_N4: Floats, truth: GroundTruth, index: int) -> Bools:
    low, high = np.percentile(_area(truth.box[truth.label == index]), _USUAL)
    area_N = _area(box_N4)
    usual: Bools = (area_N >= low * (1 - _ROUNDING)) & (area_N <= high * (1 + _ROUNDING))
    return usual


@dataclass(slots=True)
class _Rule:
    found: PredictedBoxes
    truth: GroundTruth
    compared: Disagreement
    is_sure_N: Bools
    is_seen_N: Bools = field(init=False)
    """Fainter boxes speak against nothing."""

    def __post_init__(self) -> None:
        self.is_seen_N = self.found.objectness > SURE

    def overlooked(self) -> Iterator[int]:
        for by in self.compared.lone_L.tolist():
            if self.is_sure_N[by] and not len(self._labels_at(by)):
                others = self._boxes_at(self.found.box[by], int(self.found.image[by]))
                if not (self.found.score[others] > self.found.score[by]).any():
                    yield by

    def is_of_wrong_class(self, label: int) -> bool:
        by = int(self.compared.found_by_M[label])
        return (
            self._is_sure_there(label, by)
            and self.compared.iou_M[label] >= MATCH_IOU
            and self.found.label[by] != self.truth.label[label]
        )

    def is_badly_placed(self, label: int) -> bool:
        by = int(self.compared.found_by_M[label])
        return (
            self._is_sure_there(label, by)
            and self.compared.iou_M[label] < MATCH_IOU
            and self.found.label[by] == self.truth.label[label]
            and {*self._boxes_at(self.truth.box[label], int(self.truth.image[label])).tolist()} <= {by}
        )

    def is_twice(self, one: Doubled) -> bool:
        image = int(self.truth.image[one.label])
        near = self._on(self.truth.box[one.label], image), self._on(self.truth.box[one.other], image)
        if not len(near[0]) == len(near[1]) == 1 or near[0][0] != near[1][0]:
            return False
        return bool(self.found.label[near[0][0]] == self.truth.label[one.other])

    def _is_sure_there(self, label: int, by: int) -> bool:
        return by >= 0 and bool(self.is_sure_N[by]) and {*self._labels_at(by).tolist()} <= {label}

    def _labels_at(self, by: int) -> Ints:
        """The labels that do not lie apart from a prediction."""
        first, behind = np.searchsorted(self.truth.image, (self.found.image[by], self.found.image[by] + 1))
        shared = _shared(self.found.box[by], self.truth.box[first:behind])
        labels: Ints = np.flatnonzero(shared >= APART) + first
        return labels

    def _boxes_at(self, box: Floats, image: int) -> Ints:
        """The predictions that do not lie apart from a box."""
        some = self._seen(image)
        return some[_shared(box, self.found.box[some]) >= APART]

    def _on(self, box: Floats, image: int) -> Ints:
        """The predictions that lie on it."""
        some = self._seen(image)
        return some[overlaps_of(np.repeat(box[None], len(some), 0), self.found.box[some]) >= MATCH_IOU]

    def _seen(self, image: int) -> Ints:
        first, behind = np.searchsorted(self.found.image, (image, image + 1))
        seen: Ints = np.flatnonzero(self.is_seen_N[first:behind]) + first
        return seen


def _shared(box: Floats, other_N4: Floats) -> Floats:
    """(N,): what the box shares with each other one, of the smaller one's area."""
    begin, end = np.maximum(box[:2], other_N4[:, :2]), np.minimum(box[2:], other_N4[:, 2:])
    smaller = np.minimum(_area(box[None]), _area(other_N4))
    shared: Floats = np.maximum(end - begin, 0).prod(1) / np.maximum(smaller, 1e-12)
    return shared


def _area(box_N4: Floats) -> Floats:
    area: Floats = (box_N4[:, 2] - box_N4[:, 0]) * (box_N4[:, 3] - box_N4[:, 1])
    return area
