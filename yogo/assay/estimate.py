"""Ours: a sample's share of targets, raw or corrected, with an interval that holds the truth as often as it says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from yogo.assay.corrections import CorrectionLine, CorrectionMatrix
from yogo.assay.interval import LEVEL, LinesOfSamples, share_interval
from yogo.assay.roles import Doubles, Roles

NEAR = 0.25
"""How far an estimate may be from what is known, as a share of it, by which the WHO judges."""


@dataclass(frozen=True, slots=True)
class SampleEstimate:
    """Shares of the cells; None where no cell was counted."""

    corrected_K: Doubles | None
    """The counts n M⁻¹, not cut at 0; None without a matrix."""

    share: float | None
    """Not below 0."""

    uncut_share: float | None
    """As it is: the mean of these over samples is not biased."""

    low: float | None
    high: float | None

    is_bounded: bool
    """Whether the counts and the correction say how much it is at most."""


def estimated(
    counts_K: Doubles, roles: Roles, correction: CorrectionLine | CorrectionMatrix | None, level: float = LEVEL
) -> SampleEstimate:
    cells, corrected_K, count, line = counted_by_line(counts_K, roles, correction)
    if cells <= 0:
        return SampleEstimate(corrected_K, None, None, None, None, is_bounded=False)
    share = (count / cells - line.intercept) / line.slope
    low, high = share_interval(np.array([count]), np.array([cells]), LinesOfSamples.of(line), level)
    kept = min(max(share, 0.0), 1.0)
    return SampleEstimate(
        corrected_K=corrected_K,
        share=kept,
        uncut_share=share,
        low=min(float(low[0]), kept),
        high=max(float(high[0]), kept),
        is_bounded=bool(high[0] < 1),
    )


def counted_by_line(
    counts_K: Doubles, roles: Roles, correction: CorrectionLine | CorrectionMatrix | None
) -> tuple[float, Doubles | None, float, CorrectionLine]:
    """Cells, corrected counts, the count of targets, and the line that corrects it."""
    cells, count = roles.num_total(counts_K), roles.num_target(counts_K)
    if not isinstance(correction, CorrectionMatrix):
        return cells, None, count, correction or CorrectionLine(1.0)
    corrected_K = counts_K @ correction.inverse_KK
    cells = roles.num_total(corrected_K)
    return (
        cells,
        corrected_K,
        *(as_line(counts_K, cells, roles, correction) if cells > 0 else (0.0, CorrectionLine(1.0))),
    )


def share_of(counts_K: Doubles, roles: Roles, correction: CorrectionLine | CorrectionMatrix | None) -> float | None:
    """The estimate's share alone."""
    cells, _, count, line = counted_by_line(counts_K, roles, correction)
    return None if cells <= 0 else min(max((count / cells - line.intercept) / line.slope, 0.0), 1.0)


def as_line(counts_K: Doubles, cells: float, roles: Roles, matrix: CorrectionMatrix) -> tuple[float, CorrectionLine]:
    """A matrix as a count and a line, for one sample.

    The targets are Σ_k n_k a_k, a the sum of the target's columns of M⁻¹. The classes of the target weigh more than
    1 each and give y = Σ n a with the variance v = Σ n a²: as a Poisson count y / w has, each worth w = v / y (Fay and
    Feuer, Stat. Med. 16, 1997). The other classes are the background. How far a sample's own matrix is from the mean
    one is taken from how far the parts' matrices are from each other, with the covariances where the parts are known.
    """
    weight_K = matrix.inverse_KK[:, roles.target_places].sum(1)
    is_target_K = np.isin(np.arange(len(weight_K)), roles.target_places)
    near_K, far_K = np.where(is_target_K, counts_K, 0), np.where(is_target_K, 0, counts_K)
    found = float(near_K @ weight_K)
    weight = float(near_K @ weight_K**2) / found if found > 0 else float(weight_K[is_target_K].mean())
    spread_KK = weight_covariance(matrix, roles)
    scale = weight * cells
    relative = 1 / found if found > 0 else 0.0
    return found / weight, CorrectionLine(
        slope=1 / weight,
        intercept=-float(far_K @ weight_K) / scale,
        slope_variance=float(near_K @ spread_KK @ near_K) * (relative / weight) ** 2,
        intercept_variance=float(far_K @ spread_KK @ far_K) / scale**2,
        covariance=float(near_K @ spread_KK @ far_K) * relative / weight / scale,
    )


def weight_covariance(matrix: CorrectionMatrix, roles: Roles) -> Doubles:
    """(K, K): how the sums of the target's columns of M⁻¹ vary together between the parts of the test set. Elements
    count as independent where only their standard deviations are known."""
    places = roles.target_places
    if matrix.inverses_FKK is None:
        return np.diag((matrix.inverse_deviation_KK[:, places] ** 2).sum(1))
    weight_FK = matrix.inverses_FKK[:, :, places].sum(2)
    return np.cov(weight_FK, rowvar=False)
