"""ROC and calibration of the class probabilities, over the boxes that inference keeps.

A class's positives are the boxes that match an object of it; a false alarm is a negative of every class.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yogo.metrics.boxes import Doubles, Floats

NUM_BINS = 10

_NUM_POINTS = 101

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Roc:
    """At thresholds from 1 to 0, (101,); NaN where there are no positives, or no negatives."""

    false_positive_rate: Doubles
    true_positive_rate: Doubles
    auc: float
    """The chance that a positive has a higher probability than a negative; equal ones count half."""


def roc(probability_N: Floats, is_positive_N: Bools) -> Roc:
    positive, negative = np.sort(probability_N[is_positive_N]), np.sort(probability_N[~is_positive_N])
    thresholds = np.linspace(1, 0, _NUM_POINTS)
    if not len(positive) or not len(negative):
        nothing = np.full(_NUM_POINTS, np.nan)
        return Roc(nothing, nothing, float("nan"))
    below, up_to = (np.searchsorted(negative, positive, side) for side in ("left", "right"))
    auc = float((below + up_to).mean() / (2 * len(negative)))
    return Roc(_share_above(negative, thresholds), _share_above(positive, thresholds), auc)


def _share_above(sorted_N: Floats, thresholds: Doubles) -> Doubles:
    return 1 - np.searchsorted(sorted_N, thresholds.astype(sorted_N.dtype), "left") / len(sorted_N)


@dataclass(frozen=True, slots=True)
class Calibration:
    """In bins of equal width over probabilities from 0 to 1, (NUM_BINS,); NaN where a bin is empty."""

    count: npt.NDArray[np.int64]
    confidence: Doubles
    """The mean probability."""

    accuracy: Doubles
    """The share of boxes that are of the class."""

    @property
    def error(self) -> float:
        """Expected calibration error: how far the two are apart, on average over boxes (arXiv:1706.04599)."""
        total = self.count.sum()
        apart = np.abs(np.nan_to_num(self.confidence - self.accuracy))
        return float((self.count * apart).sum() / total) if total else float("nan")


def calibration(probability_N: Floats, is_right_N: Bools) -> Calibration:
    bin_N = np.clip((probability_N * NUM_BINS).astype(np.int64), 0, NUM_BINS - 1)
    count = np.bincount(bin_N, minlength=NUM_BINS)

    def mean(values: npt.NDArray[np.generic]) -> Doubles:
        sums = np.bincount(bin_N, values.astype(np.float64), minlength=NUM_BINS)
        means: Doubles = np.divide(sums, count, out=np.full(NUM_BINS, np.nan), where=count > 0)
        return means

    return Calibration(count, mean(probability_N), mean(is_right_N))
