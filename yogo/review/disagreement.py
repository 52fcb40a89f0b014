"""How much a model disagrees with labels, after ObjectLab (Tkachenko, Thyagarajan and Mueller 2023, arXiv:2309.00832).

ObjectLab scores an image by what lies on it: an object is overlooked where a confident prediction is like no label, a
box is badly placed where the prediction of its class is little like it, and a class is wrong where a prediction of
another class is much like the label. Two boxes are the more alike the more they overlap and the nearer their centres
are. We rank single boxes, so here each score belongs to a label, or to a prediction without one, and is turned around:
1 is sure disagreement. So that the three can stand in one order:

    overlooked    confidence x (1 - its likeness to the label most like it)
    badly placed  objectness x logistic(how many spreads the likeness lies below the usual one, less three)
    wrong class   objectness x the likeness, of the usual one x (probability of the other class - that of the label's)

What is usual is measured on the same labels, by class: a small network places boxes less exactly than a large one.
A label on which the model finds nothing counts by how rarely that happens to it.

Axes: M labels, N predictions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yogo.metrics.boxes import Doubles, Floats, GroundTruth, Ints, PredictedBoxes
from yogo.metrics.matching import match, overlaps_of

MATCH_IOU = 0.1
"""A prediction that overlaps a label by less is not of the same object."""

LEAST_CONFIDENT = 0.3
"""Objectness of a prediction without a label: fainter ones say nothing about labels."""

SURE = 0.5
"""Objectness of the predictions by which it is measured what is usual."""

LEAST_LABELS = 30
"""Of a class, to know what is usual for it; otherwise that of all classes is taken."""

_NEARNESS = 0.1
"""Weight of the centres' distance in the likeness of two boxes; that of their IoU is the rest."""

_LEAST_SPREAD = 0.02
_SPREADS = 3.0
"""So far below the usual likeness, a box is as likely badly placed as not."""

_PRIOR, _MOST = 0.02, 0.9
"""The share of labels that are taken to be of nothing, before a model is asked; and how sure it is at most."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Of all labels, and of all predictions without one."""

    found_by_M: Ints
    """The prediction that is of the same object as each label, or -1."""

    iou_M: Floats
    """Of the two."""

    placed_M: Doubles
    """How sure it is that the label is badly placed, from 0 to 1."""

    class_M: Doubles
    """The same of its class."""

    usual_iou_K: Doubles
    """The median IoU of labels and predictions, by class; NaN if there is none."""

    missed_K: Doubles
    """The share of labels where the model finds nothing, by class."""

    lone_L: Ints
    """Predictions that are of no label's object."""

    overlooked_L: Doubles
    """How sure it is that each of them is an object that was overlooked."""


def disagreement(found: PredictedBoxes, truth: GroundTruth) -> Disagreement:
    """`found` and `truth` are in the order of their images; `found` has faint predictions too."""
    matched_N = match(found, truth, MATCH_IOU)
    by_M = np.full(len(truth.image), -1, np.int64)
    by_M[matched_N[matched_N >= 0]] = np.flatnonzero(matched_N >= 0)
    is_found = by_M >= 0
    alike_M, iou_M = np.zeros(len(by_M)), np.zeros(len(by_M), np.float32)
    alike_M[is_found] = likeness(found.box[by_M[is_found]], truth.box[is_found])
    iou_M[is_found] = overlaps_of(found.box[by_M[is_found]], truth.box[is_found])
    objectness_M = np.where(is_found, np.append(found.objectness, 0)[by_M], 0)
    is_sure = objectness_M > SURE
    num_classes = found.probabilities.shape[1]
    usual_M, spread_M = _usual(alike_M, is_sure, truth.label, num_classes)
    missed_K = _by_class(~is_found, truth.label, num_classes)
    placed_M = objectness_M * _logistic((usual_M - alike_M) / spread_M - _SPREADS)
    placed_M[~is_found] = np.minimum(_MOST, _PRIOR / np.maximum(missed_K, 1e-9))[truth.label[~is_found]]
    share_M = np.minimum(1, alike_M / np.maximum(usual_M, 1e-9))
    class_M = objectness_M * share_M * _margin(found, truth, by_M)
    lone_L = np.flatnonzero((matched_N < 0) & (found.objectness > LEAST_CONFIDENT))
    overlooked_L = found.score[lone_L] * (1 - _most_alike(found, truth, lone_L))
    usual_K = _medians(iou_M.astype(np.float64), is_sure, truth.label, num_classes)
    return Disagreement(by_M, iou_M, placed_M, class_M, usual_K, missed_K, lone_L, overlooked_L)


def likeness(one_N4: Floats, other_N4: Floats) -> Doubles:
    """(N,): from 0 to 1, by IoU and by the distance of the centres in sizes of the boxes."""
    centre = (one_N4[:, :2] + one_N4[:, 2:] - other_N4[:, :2] - other_N4[:, 2:]) / 2
    size = (one_N4[:, 2:] - one_N4[:, :2] + other_N4[:, 2:] - other_N4[:, :2]) / 2
    distance = np.sqrt(((centre / np.maximum(size, 1e-9)) ** 2).sum(1))
    alike: Doubles = _NEARNESS * np.exp(-distance) + (1 - _NEARNESS) * overlaps_of(one_N4, other_N4)
    return alike


def _usual(
    alike_M: Doubles, is_sure: npt.NDArray[np.bool_], label_M: Ints, num_classes: int
) -> tuple[Doubles, Doubles]:
    """Of each label, what is usual for its class: the median likeness, and the spread around it."""
    usual_K = _medians(alike_M, is_sure, label_M, num_classes)
    usual_K = np.where(np.isnan(usual_K), 1.0, usual_K)
    off_M = np.abs(alike_M - usual_K[label_M])
    spread_K = 1.4826 * _medians(off_M, is_sure, label_M, num_classes)  # that of a normal distribution's deviation
    spread_K = np.where(np.isnan(spread_K), 1.0, np.maximum(spread_K, _LEAST_SPREAD))
    return usual_K[label_M], spread_K[label_M]


def _medians(values_M: Doubles, counts_M: npt.NDArray[np.bool_], label_M: Ints, num_classes: int) -> Doubles:
    """(K,): the median of those that count, of each class, or of all where they are few; NaN where there is none."""
    everything = float(np.median(values_M[counts_M])) if counts_M.any() else float("nan")
    of_class = (values_M[counts_M & (label_M == index)] for index in range(num_classes))
    return np.array([np.median(some) if len(some) >= LEAST_LABELS else everything for some in of_class])


def _by_class(is_M: npt.NDArray[np.bool_], label_M: Ints, num_classes: int) -> Doubles:
    """(K,): the share of each class's labels, or of all labels where they are few."""
    everything = float(is_M.mean()) if len(is_M) else 0.0
    of_class = (is_M[label_M == index] for index in range(num_classes))
    return np.array([some.mean() if len(some) >= LEAST_LABELS else everything for some in of_class])


def _margin(found: PredictedBoxes, truth: GroundTruth, by_M: Ints) -> Doubles:
    """By how much another class is more probable than the label's; 0 where it is not, or nothing was found."""
    margin_M = np.zeros(len(by_M))
    is_found = by_M >= 0
    probabilities = found.probabilities[by_M[is_found]].astype(np.float64)
    rows, label = np.arange(len(probabilities)), truth.label[is_found]
    given = probabilities[rows, label]
    probabilities[rows, label] = 0
    margin_M[is_found] = np.maximum(0, probabilities.max(1) - given)
    return margin_M


def _most_alike(found: PredictedBoxes, truth: GroundTruth, lone_L: Ints) -> Doubles:
    """Of each of these predictions, the likeness to the label of its image that is most like it."""
    best_L = np.zeros(len(lone_L))
    for place, prediction in enumerate(lone_L):
        image = found.image[prediction]
        labels = slice(*np.searchsorted(truth.image, (image, image + 1)))
        boxes = truth.box[labels]
        if len(boxes):
            best_L[place] = likeness(np.repeat(found.box[prediction][None], len(boxes), 0), boxes).max()
    return best_L


def _logistic(value: Doubles) -> Doubles:
    shared: Doubles = 1 / (1 + np.exp(-np.clip(value, -50, 50)))
    return shared
