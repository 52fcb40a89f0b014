"""A line through samples whose truth is known: what is counted of each share, at T thresholds at once.

Weighted least squares. A sample's counted share varies by m c + b over its cells (Poisson), and in proportion to itself
by what differs between samples: that part is found by moments, so that Σ (y - m c - b)² / variance is S - 2 (Mandel and
Paule, Anal. Chem. 42, 1970). Straightness is asked by the same weights with a square of c (CLSI EP06).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from yogo.assay.corrections import CorrectionLine
from yogo.assay.roles import Doubles
from yogo.students_t import students_t

_ROUNDS = 6
_HALVINGS = 20
_MOST_SPREAD = 2.0
ENOUGH_TO_BEND = 4


@dataclass(frozen=True, slots=True)
class TitrationLines:
    """(T,) each, and T lines."""

    slope: Doubles
    intercept: Doubles
    covariance_T22: Doubles
    """Of slope and intercept."""

    spread: Doubles
    """What differs between samples, as a deviation in proportion to what is counted."""

    bend: Doubles
    """How far the curve with a square is from the line, at most, as a share of the line; nan of fewer than 4."""

    bend_deviations: Doubles
    """The square's coefficient by its standard deviation; nan of fewer than 4."""

    num_samples: int

    def line(self, place: int) -> CorrectionLine:
        (of_slope, both), (_, of_intercept) = self.covariance_T22[place]
        slope, intercept = float(self.slope[place]), float(self.intercept[place])
        return CorrectionLine(slope, intercept, float(of_slope), float(of_intercept), float(both))

    def is_straight(self, place: int) -> bool | None:
        """Whether the square is within what chance gives at 95 %; None of too few samples."""
        if np.isnan(self.bend_deviations[place]):
            return None
        return bool(abs(self.bend_deviations[place]) <= students_t(self.num_samples - 3))


def titration_lines(known_S: Doubles, count_TS: Doubles, cells_TS: Doubles) -> TitrationLines | None:
    """None where fewer than two shares are known apart, or a sample has no cells."""
    if len(np.unique(known_S)) < 2 or (cells_TS <= 0).any():
        return None
    found_TS = count_TS / cells_TS
    line_S2 = np.stack([known_S, np.ones_like(known_S)], 1)
    num_free = len(known_S) - 2
    mean_TS, spread_T = found_TS, np.zeros(len(count_TS))
    for _ in range(_ROUNDS):
        mean_TS = np.maximum(mean_TS, 0.5 / cells_TS)
        spread_T = _spread(found_TS, mean_TS, cells_TS, line_S2) if num_free else spread_T
        weight_TS = 1 / _variance(mean_TS, cells_TS, spread_T)
        fit_T2, covariance_T22 = _fitted(line_S2, found_TS, weight_TS)
        mean_TS = fit_T2 @ line_S2.T
    bend_T, deviations_T = _bend(known_S, found_TS, np.maximum(mean_TS, 0.5 / cells_TS), weight_TS)
    return TitrationLines(fit_T2[:, 0], fit_T2[:, 1], covariance_T22, spread_T, bend_T, deviations_T, len(known_S))


def _variance(mean_TS: Doubles, cells_TS: Doubles, spread_T: Doubles) -> Doubles:
    return np.asarray(mean_TS / cells_TS + (spread_T[:, None] * mean_TS) ** 2, np.float64)


def _spread(found_TS: Doubles, mean_TS: Doubles, cells_TS: Doubles, design_SP: Doubles) -> Doubles:
    """(T,): where the weighted squares from the line come to the degrees of freedom; 0 where they are fewer."""
    low_T, high_T = np.zeros(len(found_TS)), np.full(len(found_TS), _MOST_SPREAD)
    for _ in range(_HALVINGS):
        middle_T = (low_T + high_T) / 2
        weight_TS = 1 / _variance(mean_TS, cells_TS, middle_T)
        fit_TP, _ = _fitted(design_SP, found_TS, weight_TS)
        is_much_T = (weight_TS * (found_TS - fit_TP @ design_SP.T) ** 2).sum(1) > len(design_SP) - design_SP.shape[1]
        low_T, high_T = np.where(is_much_T, middle_T, low_T), np.where(is_much_T, high_T, middle_T)
    return np.where(low_T > 0, high_T, 0.0)


def _fitted(design_SP: Doubles, found_TS: Doubles, weight_TS: Doubles) -> tuple[Doubles, Doubles]:
    """(T, P) coefficients and their (T, P, P) covariance. Columns are scaled: shares are far below 1."""
    scale_P = np.abs(design_SP).max(0)
    scaled_SP = design_SP / scale_P
    square_TPP = np.einsum("sp,ts,sq->tpq", scaled_SP, weight_TS, scaled_SP)
    inverse_TPP = np.linalg.inv(square_TPP)
    fit_TP = np.einsum("tpq,sq,ts->tp", inverse_TPP, scaled_SP, weight_TS * found_TS) / scale_P
    return fit_TP, inverse_TPP / np.outer(scale_P, scale_P)


def _bend(known_S: Doubles, found_TS: Doubles, mean_TS: Doubles, weight_TS: Doubles) -> tuple[Doubles, Doubles]:
    if len(known_S) < ENOUGH_TO_BEND or len(np.unique(known_S)) < 3:
        nothing_T = np.full(len(found_TS), np.nan)
        return nothing_T, nothing_T
    curve_S3 = np.stack([known_S, np.ones_like(known_S), known_S**2], 1)
    fit_T3, covariance_T33 = _fitted(curve_S3, found_TS, weight_TS)
    bend_T = np.abs((fit_T3 @ curve_S3.T - mean_TS)[:, known_S > 0] / mean_TS[:, known_S > 0]).max(1)
    return bend_T, fit_T3[:, 2] / np.sqrt(covariance_T33[:, 2, 2])
