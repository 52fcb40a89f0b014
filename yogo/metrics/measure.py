"""All figures of a set of pictures, by name: the cheap ones of each epoch, and the whole of a test."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from yogo.metrics.boxes import Evidence, Ints
from yogo.metrics.confidence import Bools, Calibration, Roc, calibration, roc
from yogo.metrics.confusion import confusion_matrix, rates
from yogo.metrics.counts import count_errors
from yogo.metrics.matching import match
from yogo.metrics.precision import COCO_IOUS, MOST_BOXES, AveragePrecision, average_precision
from yogo.metrics.tally import OBJECTNESS, RANKED_OBJECTNESS, SUPPRESSION_IOU
from yogo.run.metrics import ClassCurves, Metrics, Numbers, Thresholds

MATCH_IOU = 0.5

MOST_BOXES_EACH_EPOCH = 100_000
"""AP takes about a second of as many labelled and ranked boxes; a larger set waits for its AP until the test."""

BACKGROUND = "background"

Figures = dict[str, float | None]


def summary(evidence: Evidence, classes: Sequence[str]) -> Figures:
    """What is cheap enough for every epoch."""
    matched = match(evidence.kept, evidence.truth, MATCH_IOU)
    figures = _kept_figures(evidence, classes, confusion_matrix(evidence.kept, evidence.truth, matched, len(classes)))
    if len(evidence.truth.image) + len(evidence.ranked.image) <= MOST_BOXES_EACH_EPOCH:
        found = _average_precision(evidence, len(classes), COCO_IOUS[:1])
        figures = {"mAP50": _number(found.mean_50), **_named("AP50", classes, found.per_class_50), **figures}
    return figures


def measure(
    evidence: Evidence, classes: Sequence[str], *, include_map: bool = True, include_background: bool = True
) -> Metrics:
    """Everything. Without `include_background` the matrix leaves it out; false alarms and misses count all the same."""
    truth, kept, num_classes = evidence.truth, evidence.kept, len(classes)
    matched = match(kept, truth, MATCH_IOU)
    matrix = confusion_matrix(kept, truth, matched, num_classes)
    found = _average_precision(evidence, num_classes, COCO_IOUS) if include_map else None
    what_it_is = np.append(truth.label, num_classes)[matched]
    probabilities, is_there = kept.probabilities, _is_there(matrix)
    rocs = [roc(probabilities[:, kind], what_it_is == kind) for kind in range(num_classes)]
    calibrations = [calibration(probabilities[:, kind], what_it_is == kind) for kind in range(num_classes)]
    shown = matrix if include_background else matrix[:-1, :-1]
    return Metrics(
        classes=tuple(classes),
        num_images=evidence.num_images,
        num_objects=len(truth.image),
        num_boxes=len(kept.image),
        thresholds=Thresholds(
            objectness=OBJECTNESS,
            suppression_iou=SUPPRESSION_IOU,
            match_iou=MATCH_IOU,
            ranked_objectness=RANKED_OBJECTNESS,
            most_boxes=MOST_BOXES,
        ),
        figures={
            **(_precision_figures(found, classes) if found else {}),
            **_kept_figures(evidence, classes, matrix),
            **_summed("roc_auc", classes, [one.auc for one in rocs], is_there),
            **_summed("calibration_error", classes, [one.error for one in calibrations], is_there),
        },
        confusion=tuple(map(tuple, shown.tolist())),
        names=(*classes, BACKGROUND)[: len(shown)],
        curves=dict(zip(classes, _curves(found, rocs, calibrations), strict=True)),
    )


def _average_precision(evidence: Evidence, num_classes: int, ious: Sequence[float]) -> AveragePrecision:
    return average_precision(evidence.ranked, evidence.truth, evidence.num_images, num_classes, ious)


def _precision_figures(found: AveragePrecision, classes: Sequence[str]) -> Figures:
    means: Figures = {"mAP50": _number(found.mean_50), "mAP": _number(found.mean)}
    return means | _named("AP50", classes, found.per_class_50) | _named("AP", classes, found.per_class)


def _kept_figures(evidence: Evidence, classes: Sequence[str], matrix: Ints) -> Figures:
    """Of the boxes that inference keeps. The figure without a class is the mean over the classes that are there."""
    found, is_there = rates(matrix), _is_there(matrix)
    counts = count_errors(evidence.kept, evidence.truth, evidence.num_images, len(classes))
    return {
        **_summed("precision", classes, found.precision, is_there),
        **_summed("recall", classes, found.recall, is_there),
        **_summed("f1", classes, found.f1, is_there),
        **_summed("count_error", classes, counts.error, np.ones_like(is_there)),
        **_summed("count_bias", classes, counts.bias, np.ones_like(is_there)),
    }


def _is_there(matrix: Ints) -> Bools:
    """(K,): which classes somebody labelled."""
    is_there: Bools = matrix.sum(1)[:-1] > 0
    return is_there


def _summed(name: str, classes: Sequence[str], values: Iterable[float], counts: Bools) -> Figures:
    """A figure of each class, and the mean over those that count."""
    per_class = _named(name, classes, values)
    known = [value for value, is_in in zip(per_class.values(), counts, strict=True) if is_in and value is not None]
    return {name: sum(known) / len(known) if known else None, **per_class}


def _named(name: str, classes: Sequence[str], values: Iterable[float]) -> Figures:
    return {f"{name}/{kind}": _number(value) for kind, value in zip(classes, values, strict=True)}


def _curves(
    found: AveragePrecision | None, rocs: Sequence[Roc], calibrations: Sequence[Calibration]
) -> Iterator[ClassCurves]:
    for kind, (curve, bins) in enumerate(zip(rocs, calibrations, strict=True)):
        yield ClassCurves(
            precision=_numbers(found.curves[0, :, kind]) if found else (),
            roc_false_positive_rate=_numbers(curve.false_positive_rate),
            roc_true_positive_rate=_numbers(curve.true_positive_rate),
            calibration_count=tuple(bins.count.tolist()),
            calibration_confidence=_numbers(bins.confidence),
            calibration_accuracy=_numbers(bins.accuracy),
        )


def _numbers(values: Iterable[float]) -> Numbers:
    return tuple(_number(value) for value in values)


def _number(value: float) -> float | None:
    """Six digits are more than any of these is worth."""
    return round(float(value), 6) if math.isfinite(value) else None
