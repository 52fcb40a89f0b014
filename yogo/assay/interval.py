"""The interval of a share, by asking of each share whether it could have given the count.

A share c makes a count with the mean N (m c + b), N cells, m and b the line's slope and intercept. The count is Poisson
about that mean; the mean itself is normal with the variance N² (c² var m + var b + 2 c cov), as the line is known no
better (Fieller, J. R. Stat. Soc. B 16, 1954, with a Poisson count). A share belongs to the interval unless the count is
in either tail, of which the count's own probability counts half (mid-P: Lancaster, J. Am. Stat. Assoc. 56, 1961).
Without a correction and with 0 counted, the upper end is 3.0 by the cells, the rule of three.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from yogo.assay.corrections import CorrectionLine
from yogo.assay.poisson import Bools, at_least, nearly_at_most, normal_cdf, normal_nodes, probability_of
from yogo.assay.roles import Doubles
from yogo.students_t import NORMAL

LEVEL = 0.95
MANY = 400.0
"""Above so many expected, a count is taken as normal."""

NODES_N, WEIGHTS_N = normal_nodes(61)
_HALVINGS = 45


@dataclass(frozen=True, slots=True)
class LinesOfSamples:
    """A line for each sample, (B,) each."""

    slope: Doubles
    intercept: Doubles
    slope_variance: Doubles
    intercept_variance: Doubles
    covariance: Doubles

    @classmethod
    def of(cls, line: CorrectionLine) -> LinesOfSamples:
        names = ("slope", "intercept", "slope_variance", "intercept_variance", "covariance")
        return cls(*(np.array([getattr(line, name)], np.float64) for name in names))


def share_interval(
    count_B: Doubles, cells_B: Doubles, lines: LinesOfSamples, level: float = LEVEL
) -> tuple[Doubles, Doubles]:
    """(B,) lower and upper ends, of 0 to 1. A line whose slope may be 0 leaves the upper end at 1: nothing is known. A
    count that even the background would hardly give counts as the background's mean."""
    tail = (1 - level) / 2
    count_B, cells_B = np.broadcast_arrays(np.asarray(count_B, np.float64), np.asarray(cells_B, np.float64))
    lines = LinesOfSamples(*(np.broadcast_to(one, count_B.shape) for one in _parts(lines)))
    zero_B = np.zeros(count_B.shape)
    too_few_B = _beyond(zero_B, count_B, cells_B, lines, is_upper=False) <= tail
    upper_count_B = np.where(too_few_B, np.maximum(count_B, cells_B * lines.intercept), count_B)
    low_B = _crossing(lambda share_B: _beyond(share_B, count_B, cells_B, lines, is_upper=True) > tail, zero_B)
    high_B = _crossing(lambda share_B: _beyond(share_B, upper_count_B, cells_B, lines, is_upper=False) <= tail, zero_B)
    return low_B, np.maximum(low_B, high_B)


def wilson(found: float, of: float) -> tuple[float, float]:
    """Of a share, 95 % (Wilson, J. Am. Stat. Assoc. 22, 1927)."""
    share, extra = found / of, NORMAL**2 / of
    middle = (share + extra / 2) / (1 + extra)
    half = math.sqrt(share * (1 - share) * extra + extra**2 / 4) / (1 + extra)
    return max(0.0, middle - half), min(1.0, middle + half)


def _parts(lines: LinesOfSamples) -> tuple[Doubles, ...]:
    return lines.slope, lines.intercept, lines.slope_variance, lines.intercept_variance, lines.covariance


def _crossing(is_past: Callable[[Doubles], Bools], start_B: Doubles) -> Doubles:
    """The least share that is past; 1 where none is."""
    low_B, high_B = start_B.copy(), np.ones_like(start_B)
    low_B = np.where(is_past(start_B), -1.0, low_B)
    never_B = ~is_past(high_B)
    for _ in range(_HALVINGS):
        middle_B = _middle(low_B, high_B)
        past_B = is_past(middle_B)
        low_B, high_B = np.where(past_B, low_B, middle_B), np.where(past_B, middle_B, high_B)
    return np.where(low_B < 0, 0.0, np.where(never_B, 1.0, high_B))


def _middle(low_B: Doubles, high_B: Doubles) -> Doubles:
    """Halves by ratio above one in ten million, since shares differ by powers of ten."""
    least = 1e-9
    return np.where(high_B > least, np.sqrt(np.maximum(low_B, least) * high_B), (np.maximum(low_B, 0) + high_B) / 2)


def _beyond(share_B: Doubles, count_B: Doubles, cells_B: Doubles, lines: LinesOfSamples, *, is_upper: bool) -> Doubles:
    """P(count or more), or P(count or fewer), half of the count's own probability left out."""
    mean_B = np.maximum(cells_B * (lines.slope * share_B + lines.intercept), 0)
    variance_B = share_B**2 * lines.slope_variance + lines.intercept_variance + 2 * share_B * lines.covariance
    spread_B = cells_B * np.sqrt(np.maximum(variance_B, 0))
    found_B = _normal(count_B, mean_B, np.sqrt(mean_B + spread_B**2))
    few_B = np.maximum(mean_B, count_B) < MANY
    if few_B.any():
        found_B[few_B] = _few(count_B[few_B], mean_B[few_B], spread_B[few_B])
    return found_B if is_upper else 1 - found_B


def _few(count_B: Doubles, mean_B: Doubles, spread_B: Doubles) -> Doubles:
    if not spread_B.any():
        return at_least(count_B, mean_B) - probability_of(count_B, mean_B) / 2
    mean_BN = np.maximum(mean_B[:, None] + spread_B[:, None] * NODES_N, 0)
    at_most_BN = nearly_at_most(count_B[:, None], mean_BN) + nearly_at_most(count_B[:, None] - 1, mean_BN)
    return np.asarray((1 - at_most_BN / 2) @ WEIGHTS_N, np.float64)


def _normal(count_B: Doubles, mean_B: Doubles, deviation_B: Doubles) -> Doubles:
    return normal_cdf((mean_B - count_B) / np.maximum(deviation_B, 1e-12))
