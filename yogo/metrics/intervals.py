"""The interval of 95 % of each figure of a test: how far other images of the same kind might move it.

The test set is resampled, whole groups at a time where its definition names groups, and each figure is taken of each
resample. Axes: I images, U units that are drawn, which are images
or groups, B resamples, K classes, N boxes.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from yogo.metrics.bootstrap import Draws, tail
from yogo.metrics.boxes import Doubles, EvaluationData, Floats, Ints
from yogo.metrics.confidence import NUM_BINS, Bools
from yogo.metrics.count_thresholds import counted_boxes
from yogo.metrics.counts import figures_of, off_by
from yogo.metrics.difference import NUM_RESAMPLES
from yogo.metrics.error_kinds import MendedRankings
from yogo.metrics.image_results import image_results
from yogo.metrics.matching import match
from yogo.metrics.measure import MATCH_IOU
from yogo.metrics.resampling import Weights, over_classes, parts_of, results_by_image, share_of
from yogo.run.counts import ClassCounts, CountReport
from yogo.run.error_kinds import ErrorCosts
from yogo.run.figures import METRICS
from yogo.run.metrics import Metrics, Resampling

FEWEST_UNITS = 10
"""With fewer images or groups there is no interval: single ones decide, and it would be too narrow."""

FEWEST_LABELS, FEWEST_LABELS_OF_ROC = 20, 100
"""Of a class, for an interval of its figures: with fewer it would be too narrow, as benchmarks/coverage.py shows."""

FEWEST_ERRORS = 20
"""Of a kind, for an interval of its gain: likewise."""

FEWEST_RESAMPLES = 400
MOST_WEIGHTS = 1_000_000_000
"""Boxes times resamples. Where there are more boxes, there are fewer resamples."""

OWN = "own_"
"""What the keys of figures at the checkpoint's own count thresholds begin with."""

RESAMPLES_OF_GAINS = 400
"""At most: of each resample nine rankings are scored."""

GAINS = "gains of errors"
"""The key of what mAP50 gains where each kind of error is mended."""

LEAST_SPREAD = 2e-6
"""Figures are rounded to six digits."""

NORMAL = NormalDist()

Found = dict[str, Doubles]
"""(B, 1 + K) by the key of the metric: of all classes, and of each; and the gains."""


def units_of(groups: Sequence[str]) -> Ints:
    """(I,): images of one group are one unit; an image without a group is one by itself."""
    number: dict[object, int] = {}
    units = [number.setdefault(group or (image,), len(number)) for image, group in enumerate(groups)]
    return np.array(units, np.int64)


def resampled(
    metrics: Metrics,
    data: EvaluationData,
    groups: Sequence[str],
    *,
    most: int = NUM_RESAMPLES,
    over: Literal["groups", "samples"] = "groups",
) -> Generator[tuple[int, int], None, Metrics]:
    """The metrics with the intervals of their figures; `groups` are the images' groups, or `over` says what
    else, empty where they have none; there are at most so many resamples.

    Yields how many resamples are done, of how many.
    """
    unit_I = units_of(groups)
    has_groups = any(groups)
    num = min(most, max(FEWEST_RESAMPLES, MOST_WEIGHTS // max(1, len(data.ranked.image))))
    draws = Draws(unit_I, num)
    if draws.num_units < FEWEST_UNITS:
        num = 0
    resampling = Resampling(over=over if has_groups else "images", num=draws.num_units, resamples=num)
    found: dict[str, tuple[float, float]] = {}
    values: Found = {}
    if num:
        values = yield from _drawn(metrics, data, draws)
        found = _intervals(metrics, data, values, unit_I)
    found |= _of_assay(metrics)
    counts = metrics.counts and _with_intervals(metrics.counts, values, draws.num_units)
    errors = metrics.errors
    if errors and GAINS in values and not _rare(data, len(metrics.classes), unit_I, FEWEST_LABELS)[1]:
        errors = _of_errors(errors, values[GAINS], draws.num_units)
    more = {"intervals": found, "resampling": resampling, "counts": counts, "errors": errors}
    return metrics.model_copy(update=more)


def _drawn(metrics: Metrics, data: EvaluationData, draws: Draws) -> Generator[tuple[int, int], None, Found]:
    nothing = ["00" * 32] * data.num_images
    record = image_results(data, metrics.classes, nothing, whole=True)
    results = results_by_image(record, metrics.classes, "the test")
    confidence = ConfidenceByImage.of(data, len(metrics.classes))
    off_by_of = _off_by(metrics, data)
    rankings = MendedRankings.of(data, len(metrics.classes)) if metrics.errors else None
    overlaps = results.num_overlaps if "mAP" in metrics.figures else 0
    parts: list[Found] = []
    done = 0
    for weights_BI in draws.parts():
        yield done, draws.num
        is_labelled_BK = results.is_labelled(weights_BI)
        of_class = results.by_class(weights_BI, overlaps=overlaps) | confidence.by_class(weights_BI)
        for head, off_by_IK in off_by_of.items():
            figures = figures_of(weights_BI.astype(np.float64), off_by_IK)
            of_class |= {f"{head}count_{key}": value_BK for key, value_BK in figures.items()}
        part = {
            key: np.concatenate([over_classes(value_BK, is_labelled_BK, key)[:, None], value_BK], 1)
            for key, value_BK in of_class.items()
        }
        if rankings and done < RESAMPLES_OF_GAINS:
            part[GAINS] = rankings.gains(weights_BI[: RESAMPLES_OF_GAINS - done])
        parts.append(part)
        done += len(weights_BI)
    return {key: np.concatenate([part[key] for part in parts if key in part]) for key in parts[0]}


def _intervals(metrics: Metrics, data: EvaluationData, values: Found, unit_I: Ints) -> dict[str, tuple[float, float]]:
    """A class with too few labels, or labels on too few units, has none, nor has a mean that it is part of."""
    num_units = int(unit_I.max()) + 1
    found: dict[str, tuple[float, float]] = {}
    for metric in METRICS:
        if metric.key not in values:
            continue
        fewest = FEWEST_LABELS_OF_ROC if metric.key == "roc_auc" else FEWEST_LABELS
        is_rare, in_mean = _rare(data, len(metrics.classes), unit_I, fewest)
        if metric.over != "labelled":
            is_rare, in_mean = [False] * len(is_rare), False
        columns = [(metric.key, in_mean), *zip(map(metric.key_of, metrics.classes), is_rare, strict=True)]
        for column, (key, is_unknown) in enumerate(columns):
            figure = metrics.figures.get(key)
            if figure is not None and not is_unknown:
                between = _interval(figure, values[metric.key][:, column], num_units)
                found |= {key: between} if between else {}
    return found


def _of_assay(metrics: Metrics) -> dict[str, tuple[float, float]]:
    """The intervals that come with an assay."""
    at = metrics.assay and metrics.assay.at_best
    if not at:
        return {}
    figures = {"false_positives_per_ul": at.false_positives_per_ul, "lod_per_ul": at.lod_per_ul}
    return {
        key: (round(one.low, 6), round(one.high, 6))
        for key, one in figures.items()
        if key in metrics.figures and one.low is not None and one.high is not None
    }


def _rare(data: EvaluationData, num_classes: int, unit_I: Ints, fewest: int) -> tuple[list[bool], bool]:
    """Of each class, whether it has too few labels, or labels on too few units; and whether one of these is labelled,
    and so part of a mean."""
    labels_K = np.bincount(data.truth.label, minlength=num_classes)
    units_K = [len(np.unique(unit_I[data.truth.image[data.truth.label == kind]])) for kind in range(num_classes)]
    is_rare = [bool(units < FEWEST_UNITS or num < fewest) for units, num in zip(units_K, labels_K, strict=True)]
    return is_rare, any(rare and num for rare, num in zip(is_rare, labels_K, strict=True))


def _of_errors(errors: ErrorCosts, gain_BG: Doubles, num_units: int) -> ErrorCosts:
    """With the intervals of the gains."""
    gains = [*(one.gain for one in errors.kinds), errors.false_positives_gain, errors.false_negatives_gain]
    *kinds, positives, negatives = (_interval(gain, gain_BG[:, place], num_units) for place, gain in enumerate(gains))
    kinds = [known if one.num_ranked >= FEWEST_ERRORS else None for one, known in zip(errors.kinds, kinds, strict=True)]
    return errors.model_copy(
        update={
            "kinds": tuple(
                one.model_copy(update={"interval": known}) for one, known in zip(errors.kinds, kinds, strict=True)
            ),
            "false_positives_interval": positives,
            "false_negatives_interval": negatives,
            "resamples": len(gain_BG),
        }
    )


def _off_by(metrics: Metrics, data: EvaluationData) -> dict[str, Ints]:
    """(I, K) each: count minus labels as inference counts, and by the checkpoint's own thresholds if it has some."""
    num_classes = len(metrics.classes)
    found = {"": off_by(data.kept, data, num_classes)}
    if metrics.counts and metrics.counts.thresholds:
        own = counted_boxes(data.ranked, metrics.counts.thresholds.scores)
        found[OWN] = off_by(own, data, num_classes)
    return found


def _with_intervals(counts: CountReport, values: Found, num_units: int) -> CountReport:
    """The intervals of counts are over the same resamples."""

    def of_class(one: ClassCounts, head: str, column: int) -> ClassCounts:
        figures = {}
        for key, figure in (("error", one.error), ("bias", one.bias), ("spread", one.spread)):
            drawn_BK = values.get(f"{head}count_{key}")
            known = None if drawn_BK is None else _interval(figure.value, drawn_BK[:, column], num_units)
            low, high = known or (None, None)
            figures[key] = figure.model_copy(update={"low": low, "high": high})
        return one.model_copy(update=figures)

    return counts.model_copy(
        update={
            "usual": tuple(of_class(one, "", place) for place, one in enumerate(counts.usual, 1)),
            "own": tuple(of_class(one, OWN, place) for place, one in enumerate(counts.own, 1)),
        }
    )


def _interval(figure: float, value_B: Doubles, num_units: int) -> tuple[float, float] | None:
    """The bias-corrected percentile interval (Efron and Tibshirani, An Introduction to the Bootstrap, chapter 14): a
    resample, which has some images twice, flatters average precision, as few images do. None where the resamples do
    not differ: they say nothing of what other images would."""
    known_B = value_B[~np.isnan(value_B)]
    if len(known_B) < len(value_B) / 2 or known_B.max() - known_B.min() < LEAST_SPREAD:
        return None
    rounding = LEAST_SPREAD / 2
    below = ((known_B < figure - rounding).mean() + (known_B <= figure + rounding).mean()) / 2
    least = 1 / len(known_B)
    shift = 2 * NORMAL.inv_cdf(float(np.clip(below, least, 1 - least)))
    reach = -NORMAL.inv_cdf(tail(num_units))
    low, high = np.quantile(known_B, (NORMAL.cdf(shift - reach), NORMAL.cdf(shift + reach)))
    return round(min(float(low), figure), 6), round(max(float(high), figure), 6)


@dataclass(frozen=True, slots=True)
class ConfidenceByImage:
    """What each image brought to ROC and calibration."""

    image_N: Ints
    order_KN: tuple[Ints, ...]
    """Of each class, the boxes by rising probability of it."""

    is_right_KN: tuple[Bools, ...]
    """In that order, whether each is of the class."""

    first_KN: tuple[Ints, ...]
    """In that order, the place of the first box with the same probability."""

    bins_KIC: tuple[Doubles, ...]
    """Of each class, for each image and bin of calibration: how many boxes, and by how much they claim too much."""

    @classmethod
    def of(cls, data: EvaluationData, num_classes: int) -> ConfidenceByImage:
        kept = data.kept
        is_of_N = np.append(data.truth.label, num_classes)[match(kept, data.truth, MATCH_IOU)]
        orders = tuple(np.argsort(kept.probabilities[:, kind], kind="stable") for kind in range(num_classes))
        sorted_KN = [kept.probabilities[order, kind] for kind, order in enumerate(orders)]
        return cls(
            image_N=kept.image,
            order_KN=orders,
            is_right_KN=tuple(is_of_N[order] == kind for kind, order in enumerate(orders)),
            first_KN=tuple(np.searchsorted(values, values, "left") for values in sorted_KN),
            bins_KIC=tuple(
                _bins(kept.image, kept.probabilities[:, kind], is_of_N == kind, data.num_images)
                for kind in range(num_classes)
            ),
        )

    def by_class(self, weights_BI: Weights) -> Found:
        """(B, K) each."""
        kinds = range(len(self.order_KN))
        errors = [self._calibration_error(weights_BI, kind) for kind in kinds]
        return {
            "roc_auc": np.stack([self._auc(weights_BI, kind) for kind in kinds], 1),
            "calibration_error": np.stack(errors, 1),
        }

    def _calibration_error(self, weights_BI: Weights, kind: int) -> Doubles:
        sums_BC = weights_BI.astype(np.float64) @ self.bins_KIC[kind]
        return share_of(np.abs(sums_BC[:, NUM_BINS:]).sum(1), sums_BC[:, :NUM_BINS].sum(1))

    def _auc(self, weights_BI: Weights, kind: int) -> Doubles:
        """The chance that a box of the class has a higher probability than another one; equal ones count half."""
        found_B = np.full(len(weights_BI), np.nan)
        image_N, is_right_N, first_N = self.image_N[self.order_KN[kind]], self.is_right_KN[kind], self.first_KN[kind]
        right = np.flatnonzero(is_right_N)
        last_N = np.searchsorted(first_N, first_N, "right")
        for part in parts_of(len(weights_BI), len(image_N)):
            weight_BN = weights_BI[part][:, image_N].astype(np.int64)
            before_BN = np.zeros((len(weight_BN), len(image_N) + 1), np.int64)
            np.cumsum(np.where(is_right_N, 0, weight_BN), 1, out=before_BN[:, 1:])
            right_BP = weight_BN[:, right]
            wins_B = (right_BP * (before_BN[:, first_N[right]] + before_BN[:, last_N[right]])).sum(1)
            found_B[part] = share_of(wins_B, 2 * right_BP.sum(1) * before_BN[:, -1])
        return found_B


def _bins(image_N: Ints, probability_N: Floats, is_right_N: Bools, num_images: int) -> Doubles:
    bin_N = np.clip((probability_N * NUM_BINS).astype(np.int64), 0, NUM_BINS - 1)
    place_N = image_N * NUM_BINS + bin_N

    def sums(values: Doubles | None) -> Doubles:
        found = np.bincount(place_N, values, minlength=num_images * NUM_BINS).astype(np.float64)
        return found.reshape(num_images, NUM_BINS)

    return np.concatenate([sums(None), sums(probability_N.astype(np.float64) - is_right_N)], 1)
