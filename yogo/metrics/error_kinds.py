"""What is wrong with the boxes that mAP50 ranks, by kind, and what it would be without each kind.

The kinds and what it means to mend them are those of Bolya et al., TIDE: A General Toolbox for Identifying Object
Detection Errors (ECCV 2020, arXiv:2008.08115). Boxes are matched as COCO does it, and mAP50 is the mean over the
classes that are labelled. Axes: N boxes, M labels, K classes, P pairs of a box and a label.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from yogo.metrics.boxes import Doubles, EvaluationData, GroundTruth, Ints, PredictedBoxes
from yogo.metrics.confidence import Bools
from yogo.metrics.matching import match, overlapping
from yogo.metrics.ranking import by_class, in_doubles, ranked_of
from yogo.run.error_kinds import NAMES, ErrorCosts, KindOfError

MATCH_IOU = 0.5
NEAR_IOU = 0.1
"""A box that overlaps no label by more lies on background."""

RECALLS = np.arange(101) / 100

CLASS, LOCATION, BOTH, DUPLICATE, BACKGROUND, MISSED = range(len(NAMES))
RIGHT = -1


@dataclass(frozen=True, slots=True)
class _Judgement:
    """Of each box of a set."""

    kind_N: Ints
    meant_N: Ints
    """The label that it matches, or would match once its class or place were mended; -1 where there is none."""

    is_missed_M: Bools

    @property
    def numbers(self) -> list[int]:
        """Of errors of each kind."""
        numbers = np.bincount(self.kind_N[self.kind_N != RIGHT], minlength=len(NAMES))
        numbers[MISSED] = self.is_missed_M.sum()
        counts: list[int] = numbers.tolist()
        return counts


@dataclass(frozen=True, slots=True)
class _Ranking:
    """All that mAP50 depends on: the boxes by falling score, and how many labels each class has."""

    label_N: Ints
    is_right_N: Bools
    num_labels_K: Ints
    is_in_K: Bools
    """Which classes are labelled."""

    def score(self) -> float:
        """mAP50. A class that has lost all its labels and boxes by mending is left out of the mean."""
        known = [self._of_class(kind) for kind in np.flatnonzero(self.is_in_K).tolist() if self._has(kind)]
        return float(np.mean(known)) if known else float("nan")

    def _has(self, kind: int) -> bool:
        return bool(self.num_labels_K[kind] or (self.label_N == kind).any())

    def _of_class(self, kind: int) -> float:
        is_right_N = self.is_right_N[self.label_N == kind]
        num_labels = self.num_labels_K[kind]
        if not num_labels or not len(is_right_N):
            return 0.0
        found_N = np.cumsum(is_right_N)
        precision_N = found_N / np.arange(1, len(found_N) + 1)
        best_N = np.append(np.maximum.accumulate(precision_N[::-1])[::-1], 0.0)
        return float(best_N[np.searchsorted(found_N / num_labels, RECALLS)].mean())


def error_costs(data: EvaluationData, num_classes: int) -> ErrorCosts | None:
    """None where no cell is labelled."""
    if not len(data.truth.image):
        return None
    ranked = ranked_of(data.ranked, num_classes)
    order = np.argsort(-ranked.score, kind="stable")
    ranked = ranked.taken(order)
    judged = _judged(ranked, data.truth, num_classes)
    labels = data.truth.label
    num_labels_K = np.bincount(labels, minlength=num_classes)
    whole = _Ranking(ranked.label, judged.kind_N == RIGHT, num_labels_K, num_labels_K > 0)
    score = whole.score()

    def gain(mended: _Ranking) -> float:
        reached = mended.score()
        return 0.0 if np.isnan(reached) else round(reached - score, 6)

    def gain_of(kind: int) -> float:
        if kind == MISSED:
            fewer_K = np.bincount(labels[~judged.is_missed_M], minlength=num_classes)
            return gain(_Ranking(whole.label_N, whole.is_right_N, fewer_K, whole.is_in_K))
        return gain(_mended(kind, whole, judged, labels))

    is_found_M = np.zeros(len(labels), bool)
    is_found_M[judged.meant_N[whole.is_right_N]] = True
    found_K = np.bincount(labels[is_found_M], minlength=num_classes)
    right = whole.is_right_N
    numbers = zip(NAMES, _judged(data.kept, data.truth, num_classes).numbers, judged.numbers, strict=True)
    return ErrorCosts(
        kinds=tuple(
            KindOfError(kind=name, num_kept=kept, num_ranked=of_ranked, gain=gain_of(kind))
            for kind, (name, kept, of_ranked) in enumerate(numbers)
        ),
        false_positives_gain=gain(_Ranking(whole.label_N[right], right[right], num_labels_K, whole.is_in_K)),
        false_negatives_gain=gain(_Ranking(whole.label_N, right, found_K, whole.is_in_K)),
    )


def _mended(kind: int, whole: _Ranking, judged: _Judgement, labels: Ints) -> _Ranking:
    """Without the errors of this kind. A box whose class or place is wrong becomes right, unless a right box has its
    label already, or one with a better score would have it when mended: then it is left out, as other boxes are."""
    is_kind_N = judged.kind_N == kind
    is_right_N = whole.is_right_N | (is_kind_N & _is_first_to_mend(whole.is_right_N, judged, len(labels)))
    label_N = np.where(is_right_N, np.append(labels, -1)[judged.meant_N], whole.label_N)
    stays_N = ~is_kind_N | is_right_N
    return _Ranking(label_N[stays_N], is_right_N[stays_N], whole.num_labels_K, whole.is_in_K)


def _is_first_to_mend(is_right_N: Bools, judged: _Judgement, num_labels: int) -> Bools:
    """(N,): of the boxes with a label to win, whatever their kind, those with the best score for it."""
    is_free_M = np.ones(num_labels + 1, bool)
    is_free_M[judged.meant_N[is_right_N]] = False
    is_free_M[-1] = False
    places = np.flatnonzero(is_free_M[judged.meant_N])
    _, first = np.unique(judged.meant_N[places], return_index=True)
    is_first_N = np.zeros(len(is_right_N), bool)
    is_first_N[places[first]] = True
    return is_first_N


def _judged(found: PredictedBoxes, truth: GroundTruth, num_classes: int) -> _Judgement:
    """The boxes of the best scores choose first."""
    matched_N = match(*by_class(found, truth, num_classes), MATCH_IOU)
    box_P, label_P, overlap_P = overlapping(*in_doubles(found, truth), NEAR_IOU)
    is_own_P = found.label[box_P] == truth.label[label_P]
    own_N, own_label_N = _nearest(box_P[is_own_P], label_P[is_own_P], overlap_P[is_own_P], len(matched_N))
    other_N, other_label_N = _nearest(box_P[~is_own_P], label_P[~is_own_P], overlap_P[~is_own_P], len(matched_N))
    # What stands further down counts first.
    kind_N = np.full(len(matched_N), BACKGROUND)
    kind_N[np.maximum(own_N, other_N) > NEAR_IOU] = BOTH
    kind_N[own_N >= MATCH_IOU] = DUPLICATE
    kind_N[other_N >= MATCH_IOU] = CLASS
    kind_N[(own_N >= NEAR_IOU) & (own_N < MATCH_IOU)] = LOCATION
    kind_N[matched_N >= 0] = RIGHT
    meant_N = matched_N.copy()
    meant_N[kind_N == CLASS] = other_label_N[kind_N == CLASS]
    meant_N[kind_N == LOCATION] = own_label_N[kind_N == LOCATION]
    is_missed_M = np.ones(len(truth.image), bool)
    is_missed_M[meant_N[meant_N >= 0]] = False
    return _Judgement(kind_N, meant_N, is_missed_M)


def _nearest(box_P: Ints, label_P: Ints, overlap_P: Doubles, num_boxes: int) -> tuple[Doubles, Ints]:
    """(N,) each: the largest overlap of each box, and the label that it is with; 0 and -1 where there is none."""
    order = np.lexsort((label_P, -overlap_P, box_P))
    box_P, label_P, overlap_P = box_P[order], label_P[order], overlap_P[order]
    first = np.flatnonzero(np.diff(box_P, prepend=-1))
    overlap_N, label_N = np.zeros(num_boxes), np.full(num_boxes, -1)
    overlap_N[box_P[first]], label_N[box_P[first]] = overlap_P[first], label_P[first]
    return overlap_N, label_N
