"""Counting, as the instrument does it: the error of a frame's cell count, per class.

Axes: I images, K classes, B resamples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from yogo.metrics.bootstrap import Draws, tail
from yogo.metrics.boxes import Doubles, EvaluationData, GroundTruth, Ints, PredictedBoxes
from yogo.metrics.count_thresholds import counted_boxes
from yogo.run.count_thresholds import CountThresholds
from yogo.run.counts import ClassCounts, CountFigure, CountReport


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


def count_report(
    data: EvaluationData, num_classes: int, own: CountThresholds | None, *, chosen_here: bool, intervals: bool = True
) -> CountReport:
    """With the boxes that inference keeps by default and, where the checkpoint has thresholds, with those."""
    has_intervals = intervals and data.num_images > 1
    found = [data.kept, *([counted_boxes(data.ranked, own.scores)] if own else [])]
    off_by_of = [off_by(boxes, data, num_classes) for boxes in found]
    drawn = _drawn(off_by_of, Draws.of_images(data.num_images)) if has_intervals else [{} for _ in found]
    usual, *at_own = (_class_counts(*each, data, num_classes) for each in zip(found, off_by_of, drawn, strict=True))
    return CountReport(usual=usual, own=at_own[0] if at_own else (), thresholds=own, chosen_here=chosen_here)


def _drawn(off_by_of: Sequence[Ints], draws: Draws) -> list[dict[str, Doubles]]:
    """(B, K) each, of each of them."""
    parts = [
        [figures_of(weights_BI.astype(np.float64), off_by_IK) for off_by_IK in off_by_of]
        for weights_BI in draws.parts()
    ]
    return [
        {key: np.concatenate([part[place][key] for part in parts]) for key in parts[0][place]}
        for place in range(len(off_by_of))
    ]


def _class_counts(
    found: PredictedBoxes, off_by_IK: Ints, drawn: dict[str, Doubles], data: EvaluationData, num_classes: int
) -> tuple[ClassCounts, ...]:
    whole = figures_of(np.ones((1, data.num_images)), off_by_IK)

    def figure(key: str, kind: int) -> CountFigure:
        return _figure(whole[key][0, kind], drawn[key][:, kind] if drawn else None, data.num_images)

    labels_K, found_K = (np.bincount(boxes.label, minlength=num_classes) for boxes in (data.truth, found))
    return tuple(
        ClassCounts(
            labelled=int(labels_K[kind]), counted=int(found_K[kind]), **{key: figure(key, kind) for key in whole}
        )
        for kind in range(num_classes)
    )


def off_by(found: PredictedBoxes, data: EvaluationData, num_classes: int) -> Ints:
    """(I, K): count minus labels."""
    return _counts(found, data.num_images, num_classes) - _counts(data.truth, data.num_images, num_classes)


def figures_of(weights_BI: Doubles, off_by_IK: Ints) -> dict[str, Doubles]:
    """(B, K) each."""
    num_B1 = weights_BI.sum(1, keepdims=True)
    bias_BK = weights_BI @ off_by_IK / num_B1
    squares_BK = weights_BI @ (off_by_IK**2) / num_B1
    spread_BK = np.sqrt(np.maximum(squares_BK - bias_BK**2, 0) * num_B1 / np.maximum(num_B1 - 1, 1))
    return {"error": weights_BI @ np.abs(off_by_IK) / num_B1, "bias": bias_BK, "spread": spread_BK}


def _figure(value: float, drawn_B: Doubles | None, num_images: int) -> CountFigure:
    if drawn_B is None:
        return CountFigure(value=float(value))
    share = tail(num_images)
    low, high = np.quantile(drawn_B, (share, 1 - share))
    return CountFigure(value=float(value), low=float(low), high=float(high))


def _counts(boxes: PredictedBoxes | GroundTruth, num_images: int, num_classes: int) -> Ints:
    places = boxes.image * num_classes + boxes.label
    return np.bincount(places, minlength=num_images * num_classes).reshape(num_images, num_classes)
