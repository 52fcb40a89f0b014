"""The figures as published: what remo-stats-utils reports of the same counts, its half-widths included.

Kept to compare with; `yogo.assay.estimate` is ours. Known of them: 1.69 standard deviations hold less than 95 %; the
table's variances are used as standard deviations; covariances are left out; with a line, the whole intercept is taken
from the corrected share, not the intercept by the slope.
Source: shared data of czbiohub-sf/remo-stats-utils (BSD-3), which the tests hold this to within 1e-9.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from yogo.assay.corrections import CorrectionLine, CorrectionMatrix
from yogo.assay.roles import Doubles, Roles

PUBLISHED_DEVIATIONS = 1.69
RULE_OF_THREE = 3.0


@dataclass(frozen=True, slots=True)
class PublishedFigures:
    raw_parasitemia: float
    """Targets by cells, as counted; 0 without cells."""

    share: float
    half_width: float | None
    """None without cells."""

    per_microlitre: float
    """Cells in a microlitre."""

    @property
    def percent(self) -> list[float | None]:
        return [100 * self.share, None if self.half_width is None else 100 * self.half_width]

    @property
    def per_ul(self) -> list[float | None]:
        return [one if one is None else one / 100 * self.per_microlitre for one in self.percent]


def published_figures(
    counts_K: Doubles, roles: Roles, correction: CorrectionLine | CorrectionMatrix | None
) -> PublishedFigures:
    num_total = roles.num_total(counts_K)
    raw = roles.num_target(counts_K) / num_total if num_total else 0.0
    match correction:
        case None:
            cells, targets, variance = num_total, roles.num_target(counts_K), roles.num_target(counts_K)
        case CorrectionMatrix():
            inverse, deviation = correction.inverse_KK, correction.inverse_deviation_KK
            fixed_K, variance_K = _corrected(counts_K, inverse, deviation)
            cells, targets = roles.num_total(fixed_K), roles.num_target(fixed_K)
            variance = roles.num_target(variance_K)
        case CorrectionLine():
            inverse, deviation = _as_matrices(correction, roles.per_microlitre)
            pair = np.array([num_total - roles.num_target(counts_K), roles.num_target(counts_K)])
            fixed, variances = _corrected(pair, inverse, deviation)
            cells, targets, variance = float(fixed.sum()), float(fixed[1]), float(variances[1])
    if not cells:
        return PublishedFigures(raw, 0.0, None, roles.per_microlitre)
    half = PUBLISHED_DEVIATIONS * math.sqrt(variance) / cells if targets else RULE_OF_THREE / cells
    return PublishedFigures(raw, targets / cells, half, roles.per_microlitre)


def _corrected(counts: Doubles, inverse: Doubles, deviation: Doubles) -> tuple[Doubles, Doubles]:
    """Counts n M⁻¹ cut at 0, and the variance of each: Σ_i n_i² S_ij² + n_i (M⁻¹)_ij²."""
    return np.maximum(counts @ inverse, 0), counts**2 @ deviation**2 + counts @ inverse**2


def _as_matrices(line: CorrectionLine, per_microlitre: float) -> tuple[Doubles, Doubles]:
    """(2, 2) each, of healthy and target. The variances stand where standard deviations belong, that of the intercept
    in (per microlitre)² divided by the cells in a microlitre once."""
    intercept = max(line.intercept, 0.0)
    spread = line.intercept_variance * per_microlitre if line.intercept >= 0 else 0.0
    slope = line.slope
    inverse = np.array([[1 + intercept, -intercept], [1 - (1 / slope - intercept), 1 / slope - intercept]])
    both = math.hypot(spread, line.slope_variance)
    return inverse, np.array([[spread, spread], [both, both]])
