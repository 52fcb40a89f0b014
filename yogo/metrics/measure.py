"""All metrics of a set of images, by name: the cheap ones for each epoch, and all of them for a test."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from yogo.metrics.accumulator import OBJECTNESS, RANKED_OBJECTNESS
from yogo.metrics.assay import AssayBasis
from yogo.metrics.boxes import EvaluationData, Floats, Ints
from yogo.metrics.confidence import Bools, Calibration, Roc, calibration, roc
from yogo.metrics.confusion import Rates, confusion_matrix, rates
from yogo.metrics.count_thresholds import counted_boxes
from yogo.metrics.counts import CountErrors, count_errors, count_report
from yogo.metrics.error_kinds import error_costs
from yogo.metrics.matching import match
from yogo.metrics.precision import COCO_IOUS, MOST_BOXES, AveragePrecision, average_precision
from yogo.run.count_thresholds import CountThresholds
from yogo.run.figures import METRICS, Metric
from yogo.run.metrics import ClassCurves, Metrics, Numbers, Thresholds
from yogo.suppression import AS_PUBLISHED, Suppression

MATCH_IOU = 0.5

MOST_BOXES_EACH_EPOCH = 100_000
"""AP takes about a second for this many labelled and ranked boxes; for a larger set it is computed only at the test."""

BACKGROUND = "background"

Figures = dict[str, float | None]


class Evaluation:
    """What metrics are computed from; each piece is made once, when it is first asked for."""

    def __init__(
        self,
        data: EvaluationData,
        num_classes: int,
        ious: Sequence[float] = COCO_IOUS,
        own: CountThresholds | None = None,
        assay: AssayBasis | None = None,
    ) -> None:
        self.data = data
        self.num_classes = num_classes
        self._ious = ious
        self.own = own
        self.assay = assay

    @functools.cached_property
    def average_precision(self) -> AveragePrecision:
        data = self.data
        return average_precision(data.ranked, data.truth, data.num_images, self.num_classes, self._ious)

    @functools.cached_property
    def _matched(self) -> Ints:
        return match(self.data.kept, self.data.truth, MATCH_IOU)

    @functools.cached_property
    def matrix(self) -> Ints:
        """(K + 1, K + 1): the confusion matrix with its background."""
        return confusion_matrix(self.data.kept, self.data.truth, self._matched, self.num_classes)

    @functools.cached_property
    def is_labelled(self) -> Bools:
        """(K,): which classes somebody labelled."""
        is_labelled: Bools = self.matrix.sum(1)[:-1] > 0
        return is_labelled

    @functools.cached_property
    def rates(self) -> Rates:
        return rates(self.matrix)

    @functools.cached_property
    def counts(self) -> CountErrors:
        return count_errors(self.data.kept, self.data.truth, self.data.num_images, self.num_classes)

    @functools.cached_property
    def own_counts(self) -> CountErrors:
        """At the checkpoint's own thresholds, which it has."""
        assert self.own is not None
        found = counted_boxes(self.data.ranked, self.own.scores)
        return count_errors(found, self.data.truth, self.data.num_images, self.num_classes)

    @functools.cached_property
    def assay_figures(self) -> tuple[float, float]:
        """False positives and LoD, per microlitre."""
        assert self.assay is not None
        return self.assay.figures(self.data, self._matched)

    @functools.cached_property
    def rocs(self) -> list[Roc]:
        return [roc(probability, is_right) for probability, is_right in self._by_class()]

    @functools.cached_property
    def calibrations(self) -> list[Calibration]:
        return [calibration(probability, is_right) for probability, is_right in self._by_class()]

    def _by_class(self) -> Iterator[tuple[Floats, Bools]]:
        """Of each class, the probability of it that each kept box has, and whether it is right."""
        what_it_is = np.append(self.data.truth.label, self.num_classes)[self._matched]
        for index in range(self.num_classes):
            yield self.data.kept.probabilities[:, index], what_it_is == index


def summary(
    evidence: EvaluationData,
    classes: Sequence[str],
    own: CountThresholds | None = None,
    *,
    always_ranked: bool = False,
    assay: AssayBasis | None = None,
) -> Figures:
    """The metrics that are cheap enough for every epoch; `always_ranked` takes average precision of any set."""
    is_small = len(evidence.truth.image) + len(evidence.ranked.image) <= MOST_BOXES_EACH_EPOCH
    chosen = [one for one in METRICS if one.each_epoch and (is_small or always_ranked or not one.ranked)]
    return _figures(chosen, Evaluation(evidence, len(classes), COCO_IOUS[:1], own, assay), classes)


def measure(
    evidence: EvaluationData,
    classes: Sequence[str],
    *,
    include_map: bool = True,
    include_background: bool = True,
    own: CountThresholds | None = None,
    chosen_here: bool = False,
    count_intervals: bool = True,
    assay: AssayBasis | None = None,
) -> Metrics:
    """All metrics. Without `include_background` the matrix leaves it out; false alarms and misses still count.

    `own` are the checkpoint's count thresholds; `chosen_here` says that they were chosen on these images.
    `assay` is of a definition with roles. Without `count_intervals` those of counts are left to
    `yogo.metrics.intervals.resampled`, which takes them anew.
    """
    truth, kept = evidence.truth, evidence.kept
    seen = Evaluation(evidence, len(classes), own=own, assay=assay)
    shown = seen.matrix if include_background else seen.matrix[:-1, :-1]
    found = seen.average_precision if include_map else None
    return Metrics(
        classes=tuple(classes),
        num_images=evidence.num_images,
        num_objects=len(truth.image),
        num_boxes=len(kept.image),
        thresholds=thresholds(evidence.suppression),
        figures=_figures([one for one in METRICS if include_map or not one.ranked], seen, classes),
        confusion=tuple(map(tuple, shown.tolist())),
        names=(*classes, BACKGROUND)[: len(shown)],
        curves=dict(zip(classes, _curves(found, seen.rocs, seen.calibrations), strict=True)),
        errors=error_costs(evidence, len(classes)) if include_map else None,
        counts=count_report(evidence, len(classes), own, chosen_here=chosen_here, intervals=count_intervals),
        assay=assay and assay.report(evidence),
    )


def thresholds(suppression: Suppression = AS_PUBLISHED) -> Thresholds:
    """Those that all metrics depend on."""
    return Thresholds(
        objectness=OBJECTNESS,
        suppression_iou=suppression.iou_thresh,
        average_boxes=suppression.average_boxes,
        match_iou=MATCH_IOU,
        ranked_objectness=RANKED_OBJECTNESS,
        most_boxes=MOST_BOXES,
    )


def _figures(metrics: Iterable[Metric], seen: Evaluation, classes: Sequence[str]) -> Figures:
    """Of all classes by the metric's key, and of each by its key and name."""
    figures: Figures = {}
    for metric in metrics:
        if (metric.at_own and seen.own is None) or (metric.of_roles and seen.assay is None):
            continue
        values = [_number(value) for value in metric.compute(seen)]
        if not metric.per_class:
            (figures[metric.key],) = values
            continue
        counts = seen.is_labelled if metric.over == "labelled" else np.ones_like(seen.is_labelled)
        known = [value for value, is_in in zip(values, counts, strict=True) if is_in and value is not None]
        mean = sum(known) / len(known) if known else None
        figures[metric.key] = _number(metric.mean(seen)) if metric.mean else mean
        figures |= {metric.key_of(name): value for name, value in zip(classes, values, strict=True)}
    return figures


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
    """Round to six digits, which is more than the accuracy of any metric."""
    return round(float(value), 6) if math.isfinite(value) else None
