"""The metrics of a detector, declared once: what they are called, and how they are computed.

Their figures stand in events and metrics.json by key; the one of a class ends in /class. Imports nothing heavy, so
the console reads this too: what computes a metric is handed the arrays that it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Metric:
    key: str
    """Of the figure for all classes."""

    heading: str
    """Of its column in the table that `yogo test` prints; six letters at most."""

    compute: Callable[[Any], Iterable[float]]
    """Of a `yogo.metrics.measure.Evaluation`: a value for each class, or the only one. NaN is nothing to divide by."""

    per_class: bool = True
    class_key: str = ""
    """Of the figures for single classes, where it is another than `key`."""

    mean: Callable[[Any], float] | None = None
    """The figure for all classes, where it is not the mean of theirs."""

    over: Literal["labelled", "all"] = "labelled"
    """Of which classes that mean is."""

    each_epoch: bool = False
    """Whether it is cheap enough for every validation, not the test alone."""

    ranked: bool = False
    """Whether it needs average precision, which takes a second of 100,000 boxes."""

    told: bool = False
    """Whether an epoch is told by it."""

    unit: Literal["share", "cells", "±cells", "per_ul"] = "share"
    """Figures in ±cells are told with their sign; per_ul is targets per microlitre."""

    better: Literal["more", "less", "zero"] = "more"
    """Which of two models' figures is the better one; zero: the one nearer to 0."""

    at_own: bool = False
    """Whether it is taken at the checkpoint's own count thresholds; without those there is none."""

    of_roles: bool = False
    """Whether it takes the roles of a definition; without those there is none."""

    about: str = ""
    """What it is, and in which unit: a sentence or two for those who read its column."""

    @property
    def words(self) -> str:
        """Of the figure, in a sentence."""
        return self.key.replace("lod", "LoD").replace("per_ul", "per µL").replace("_", " ")

    def key_of(self, class_name: str) -> str:
        """The key of one class's figure."""
        return f"{self.class_key or self.key}/{class_name}"


SCORE = Metric(
    "mAP50",
    "AP50",
    lambda seen: seen.average_precision.at_half.per_class,
    class_key="AP50",
    mean=lambda seen: seen.average_precision.at_half.mean,
    each_epoch=True,
    ranked=True,
    told=True,
    about="Average precision at an overlap of one half: precision over all recalls, whatever the threshold. "
    "From 0 to 1.",
)
"""The one by which runs are listed and doubted."""

METRICS = (
    SCORE,
    Metric(
        "mAP",
        "AP",
        lambda seen: seen.average_precision.per_class,
        class_key="AP",
        mean=lambda seen: seen.average_precision.mean,
        ranked=True,
        told=True,
        about="Average precision, as the mean over overlaps from 0.5 to 0.95: it also asks for boxes that fit. "
        "From 0 to 1.",
    ),
    Metric(
        "precision",
        "prec",
        lambda seen: seen.rates.precision,
        each_epoch=True,
        told=True,
        about="The share of the boxes predicted as this class that are of this class. From 0 to 1.",
    ),
    Metric(
        "recall",
        "recall",
        lambda seen: seen.rates.recall,
        each_epoch=True,
        told=True,
        about="The share of this class's labels that were found as this class. From 0 to 1.",
    ),
    Metric(
        "f1",
        "F1",
        lambda seen: seen.rates.f1,
        each_epoch=True,
        about="The harmonic mean of precision and recall. From 0 to 1.",
    ),
    Metric(
        "roc_auc",
        "ROC",
        lambda seen: [one.auc for one in seen.rocs],
        about="The area under the ROC curve of the class's probability, over the boxes that are kept. "
        "0.5 is chance, 1 is perfect.",
    ),
    Metric(
        "calibration_error",
        "ECE",
        lambda seen: [one.error for one in seen.calibrations],
        about="Expected calibration error: how far the class's probability is from how often it is right. From 0 to 1.",
        better="less",
    ),
    Metric(
        "count_error",
        "count±",
        lambda seen: seen.counts.error,
        over="all",
        each_epoch=True,
        told=True,
        unit="cells",
        about="By how many cells an image's count is off, on average. In cells an image.",
        better="less",
    ),
    Metric(
        "count_bias",
        "bias",
        lambda seen: seen.counts.bias,
        over="all",
        each_epoch=True,
        unit="±cells",
        about="An image's count minus its labels, on average: above 0, too many are counted. In cells an image.",
        better="zero",
    ),
    Metric(
        "own_count_error",
        "own±",
        lambda seen: seen.own_counts.error,
        over="all",
        each_epoch=True,
        at_own=True,
        unit="cells",
        about="The same as count±, at the checkpoint's own count thresholds. On the validation set, on which they "
        "are chosen, it flatters the model.",
        better="less",
    ),
    Metric(
        "own_count_bias",
        "ownb",
        lambda seen: seen.own_counts.bias,
        over="all",
        at_own=True,
        unit="±cells",
        about="The same as bias, at the checkpoint's own count thresholds.",
        better="zero",
    ),
    Metric(
        "false_positives_per_ul",
        "FP/µL",
        lambda seen: [seen.assay_figures[0]],
        per_class=False,
        each_epoch=True,
        told=True,
        unit="per_ul",
        of_roles=True,
        about="Targets that would be counted in a microlitre without any, at the checkpoint's threshold of the class's "
        "probability, or the one with the lowest LoD.",
        better="less",
    ),
    Metric(
        "lod_per_ul",
        "LoD",
        lambda seen: [seen.assay_figures[1]],
        per_class=False,
        each_epoch=True,
        told=True,
        unit="per_ul",
        of_roles=True,
        about="The limit of detection at that threshold: the least targets per µL that show in 95 % of samples of as "
        "many cells as the roles say.",
        better="less",
    ),
)
