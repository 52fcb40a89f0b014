"""What is wrong with the boxes that mAP50 ranks, by kind, and what it would be without each kind.

The kinds and what it means to mend them are those of Bolya et al., TIDE: A General Toolbox for Identifying Object
Detection Errors (ECCV 2020, arXiv:2008.08115). Boxes are matched as COCO does it, and mAP50 is the mean over the
classes that are labelled. Axes: I images, N boxes, M labels, K classes, P pairs of a box and a label, B resamples,
G gains.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from yogo.metrics.boxes import Doubles, EvaluationData, GroundTruth, Ints, PredictedBoxes
from yogo.metrics.confidence import Bools
from yogo.metrics.matching import match, overlapping
from yogo.metrics.ranking import by_class, in_doubles, ranked_of
from yogo.metrics.resampling import ClassBoxes, Weights, average_precision, share_of, sums_of
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
class BoxRanking:
    """All that mAP50 depends on, for any resample of the images: the boxes by falling score, and the labels."""

    image_N: Ints
    label_N: Ints
    is_right_N: Bools
    num_labels_IK: Ints
    """Those that are left to find."""

    is_in_IK: Bools
    """Which classes are labelled on an image, whether or not that is left to find."""

    def taken(self, is_left_N: Bools) -> BoxRanking:
        """Without the other boxes."""
        return replace(
            self,
            image_N=self.image_N[is_left_N],
            label_N=self.label_N[is_left_N],
            is_right_N=self.is_right_N[is_left_N],
        )

    def scores(self, weights_BI: Weights) -> Doubles:
        """(B,): mAP50. A class that has lost all its labels and boxes by mending is left out of the mean; NaN where
        none is left."""
        num_images, num_classes = self.num_labels_IK.shape
        boxes_K, num_boxes_IK = [], np.zeros((num_images, num_classes), np.int64)
        for kind in range(num_classes):
            is_of_class_N = self.label_N == kind
            image_N = self.image_N[is_of_class_N]
            boxes_K.append(ClassBoxes(image_N, self.is_right_N[is_of_class_N].astype(np.uint16)))
            num_boxes_IK[:, kind] = np.bincount(image_N, minlength=num_images)
        labelled_BK = sums_of(weights_BI, self.num_labels_IK)
        is_left_BK = (labelled_BK > 0) | (sums_of(weights_BI, num_boxes_IK) > 0)
        is_in_BK = is_left_BK & (sums_of(weights_BI, self.is_in_IK) > 0)
        ap_BK = average_precision(boxes_K, weights_BI, labelled_BK, recalls_R=RECALLS)[0]
        return share_of(np.where(is_in_BK, ap_BK, 0).sum(1), is_in_BK.sum(1))


@dataclass(frozen=True, slots=True)
class MendedRankings:
    """What mAP50 ranks, as it is and once each kind of error is mended."""

    whole: BoxRanking
    of_kinds: tuple[BoxRanking, ...]
    without_false_positives: BoxRanking
    without_false_negatives: BoxRanking
    numbers: tuple[int, ...]
    """Of errors of each kind."""

    @classmethod
    def of(cls, data: EvaluationData, num_classes: int) -> MendedRankings:
        ranked = ranked_of(data.ranked, num_classes)
        ranked = ranked.taken(np.argsort(-ranked.score, kind="stable"))
        judged = _judged(ranked, data.truth, num_classes)
        truth = data.truth

        def labels_IK(is_left_M: Bools | slice) -> Ints:
            places = truth.image[is_left_M] * num_classes + truth.label[is_left_M]
            return np.bincount(places, minlength=data.num_images * num_classes).reshape(-1, num_classes)

        every_IK = labels_IK(slice(None))
        right = judged.kind_N == RIGHT
        whole = BoxRanking(ranked.image, ranked.label, right, every_IK, every_IK > 0)
        is_found_M = np.zeros(len(truth.image), bool)
        is_found_M[judged.meant_N[right]] = True
        mended = [_mended(kind, whole, judged, truth.label) for kind in range(MISSED)]
        mended.append(replace(whole, num_labels_IK=labels_IK(~judged.is_missed_M)))
        return cls(
            whole,
            tuple(mended),
            without_false_positives=whole.taken(right),
            without_false_negatives=replace(whole, num_labels_IK=labels_IK(is_found_M)),
            numbers=tuple(judged.numbers),
        )

    def gains(self, weights_BI: Weights) -> Doubles:
        """(B, G): of the kinds, of no false positives, of no false negatives."""
        score_B = self.whole.scores(weights_BI)
        mended = (*self.of_kinds, self.without_false_positives, self.without_false_negatives)
        gain_BG = np.stack([one.scores(weights_BI) - score_B for one in mended], 1)
        return np.where(np.isnan(gain_BG) & ~np.isnan(score_B)[:, None], 0, gain_BG)


def error_costs(data: EvaluationData, num_classes: int) -> ErrorCosts | None:
    """None where no cell is labelled."""
    if not len(data.truth.image):
        return None
    found = MendedRankings.of(data, num_classes)
    *gains, positives, negatives = found.gains(np.ones((1, data.num_images), np.uint16))[0].round(6).tolist()
    kept = _judged(data.kept, data.truth, num_classes).numbers
    return ErrorCosts(
        kinds=tuple(
            KindOfError(kind=name, num_kept=num_kept, num_ranked=num_ranked, gain=gain)
            for name, num_kept, num_ranked, gain in zip(NAMES, kept, found.numbers, gains, strict=True)
        ),
        false_positives_gain=positives,
        false_negatives_gain=negatives,
    )


def _mended(kind: int, whole: BoxRanking, judged: _Judgement, labels: Ints) -> BoxRanking:
    """Without the errors of this kind. A box whose class or place is wrong becomes right, unless a right box has its
    label already, or one with a better score would have it when mended: then it is left out, as other boxes are."""
    is_kind_N = judged.kind_N == kind
    is_right_N = whole.is_right_N | (is_kind_N & _is_first_to_mend(whole.is_right_N, judged, len(labels)))
    label_N = np.where(is_right_N, np.append(labels, -1)[judged.meant_N], whole.label_N)
    return replace(whole, label_N=label_N, is_right_N=is_right_N).taken(~is_kind_N | is_right_N)


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
