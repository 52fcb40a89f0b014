"""What a blank gives, and the least that is told from a blank (CLSI EP17), of many at once; arrays are (B,) each.

A blank of N cells gives a count with the mean N f, f the false positives a cell. Blanks that differ among themselves
beyond that make it negative binomial: f itself is then gamma, its variance the dispersion times f². The limit of the
blank is the least count that 95 % of blanks do not exceed. The limit of detection is the least share c for which at
least 95 % of samples exceed it; their counts have the mean N (f + s c), s the sensitivity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from yogo.assay.corrections import CorrectionLine, CorrectionMatrix
from yogo.assay.interval import LinesOfSamples, share_interval
from yogo.assay.poisson import at_least, chi_squared, nearly_at_most, normal_cdf, normal_nodes
from yogo.assay.roles import Doubles, Roles

CHANCE = 0.95
NODES_N, WEIGHTS_N = normal_nodes(21)
_HALVINGS = 40


@dataclass(frozen=True, slots=True)
class FalsePositives:
    """Shares of the cells, from samples without a target."""

    share: float
    low: float
    high: float

    dispersion: float
    """How much the samples differ beyond counting: the variance of their shares by the share's square."""

    num_samples: int
    spread_interval: tuple[float, float] | None
    """Of 95 %, of the spread; None of fewer than three samples, or where nothing was counted."""

    @property
    def spread(self) -> float:
        """The standard deviation between samples, beyond counting."""
        return float(self.share * self.dispersion**0.5)


def false_positives(count_S: Doubles, cells_S: Doubles) -> FalsePositives | None:
    """None without cells. One sample says nothing of a spread: its dispersion is 0."""
    cells, found = float(cells_S.sum()), float(count_S.sum())
    if cells <= 0:
        return None
    dispersion = dispersion_between(count_S, cells_S)
    relative = dispersion * float((cells_S**2).sum()) / cells**2
    lines = LinesOfSamples.of(CorrectionLine(1.0, slope_variance=relative))
    low, high = share_interval(np.array([found]), np.array([cells]), lines)
    spread = spread_interval(count_S, cells_S)
    return FalsePositives(found / cells, float(low[0]), float(high[0]), dispersion, len(count_S), spread)


def dispersion_between(count_S: Doubles, cells_S: Doubles) -> float:
    """By moments: Σ (x - N f)² / (N f) has the mean S - 1 + d f (Σ N - Σ N² / Σ N)."""
    pearson, free, grows = _pearson(count_S, cells_S)
    return max(0.0, (pearson - free) / grows) if grows > 0 else 0.0


def spread_interval(count_S: Doubles, cells_S: Doubles) -> tuple[float, float] | None:
    """The sum of `dispersion_between`, by its mean, is about χ² by its degrees of freedom. A bootstrap of few samples
    would be too narrow."""
    pearson, free, grows = _pearson(count_S, cells_S)
    if free < 2 or grows <= 0:
        return None
    share = float(count_S.sum() / cells_S.sum())
    means = [pearson / chi_squared(1 - tail, free) for tail in (0.025, 0.975)]
    low, high = (share * max(0.0, (mean - 1) * free / grows) ** 0.5 for mean in means)
    return low, high


def _pearson(count_S: Doubles, cells_S: Doubles) -> tuple[float, float, float]:
    """Σ (x - N f)² / (N f), its degrees of freedom, and how much it grows with the dispersion; 0 where no sample says
    anything."""
    kept = cells_S > 0
    count_S, cells_S = count_S[kept], cells_S[kept]
    cells, found = float(cells_S.sum()), float(count_S.sum())
    if found <= 0:
        return 0.0, float(len(count_S)) - 1, 0.0
    mean_S = cells_S * found / cells
    grows = found / cells * (cells - float((cells_S**2).sum()) / cells)
    return float(((count_S - mean_S) ** 2 / mean_S).sum()), float(len(count_S)) - 1, grows


def blank_limit(mean_B: ArrayLike, dispersion_B: ArrayLike = 0.0) -> Doubles:
    """LoB: the least count that a blank exceeds in 5 % at most, of blanks with these means."""
    mean_B, dispersion_B = np.broadcast_arrays(np.asarray(mean_B, np.float64), np.asarray(dispersion_B, np.float64))
    low_B = np.full(mean_B.shape, -1.0)
    high_B = np.ceil(mean_B * (1 + 10 * np.sqrt(dispersion_B)) + 10 * np.sqrt(mean_B) + 20)
    while (high_B - low_B > 1).any():
        middle_B = np.maximum(np.floor((low_B + high_B) / 2), 0)  # of those that are found it may be -1
        is_enough_B = _exceeds(middle_B, mean_B, np.zeros_like(mean_B), dispersion_B) <= 1 - CHANCE
        is_open_B = high_B - low_B > 1
        low_B = np.where(is_open_B & ~is_enough_B, middle_B, low_B)
        high_B = np.where(is_open_B & is_enough_B, middle_B, high_B)
    return np.asarray(high_B, np.float64)


def detection_limit(
    sensitivity_B: ArrayLike, share_B: ArrayLike, cells: ArrayLike, dispersion_B: ArrayLike = 0.0
) -> Doubles:
    """LoD as a share of the cells; infinite where nothing, or more than all, would be needed."""
    slope_B, share_B, cells_B, dispersion_B = np.broadcast_arrays(
        *(np.asarray(one, np.float64) for one in (sensitivity_B, share_B, cells, dispersion_B))
    )
    blank_B = np.maximum(share_B, 0) * cells_B
    limit_B = blank_limit(blank_B, dispersion_B)
    low_B, high_B = np.zeros(blank_B.shape), limit_B + 10 * np.sqrt(limit_B) + 20
    for _ in range(_HALVINGS):
        middle_B = (low_B + high_B) / 2
        is_seen_B = _exceeds(limit_B, blank_B, middle_B, dispersion_B) >= CHANCE
        low_B, high_B = np.where(is_seen_B, low_B, middle_B), np.where(is_seen_B, middle_B, high_B)
    with np.errstate(divide="ignore", invalid="ignore"):
        # A line below 0 counts nothing until it has risen to 0.
        found_B = (high_B / cells_B - np.minimum(share_B, 0)) / slope_B
    return np.where((slope_B > 0) & (found_B <= 1), found_B, np.inf)


def _exceeds(count_B: Doubles, blank_B: Doubles, added_B: Doubles, dispersion_B: Doubles) -> Doubles:
    """P(a count of more), of blanks and what is added to them. Exact where blanks are alike."""
    found_B = np.asarray(at_least(count_B + 1, blank_B + added_B), np.float64)
    is_wide_B = (dispersion_B > 0) & (blank_B > 0)
    is_wider_B = is_wide_B & (dispersion_B * blank_B**2 > blank_B + added_B)
    for chosen_B, exceeds in ((is_wide_B & ~is_wider_B, _exceeds_by_counting), (is_wider_B, _exceeds_by_blanks)):
        if chosen_B.any():
            parts = (one[chosen_B][:, None] for one in (count_B, blank_B, added_B, dispersion_B))
            found_B[chosen_B] = exceeds(*parts)
    return found_B


def _exceeds_by_counting(count_B1: Doubles, blank_B1: Doubles, added_B1: Doubles, dispersion_B1: Doubles) -> Doubles:
    """By the chance of the count, over what the blanks may be: exact enough where counting spreads it more."""
    blank_BN = blank_B1 * _gamma(dispersion_B1)
    return np.asarray((1 - nearly_at_most(count_B1, blank_BN + added_B1)) @ WEIGHTS_N, np.float64)


def _exceeds_by_blanks(count_B1: Doubles, blank_B1: Doubles, added_B1: Doubles, dispersion_B1: Doubles) -> Doubles:
    """The other way round, as a Poisson count is of k or fewer if a gamma variable of shape k + 1 is above the mean."""
    least_BN = np.maximum((count_B1 + 1) * _gamma(1 / (count_B1 + 1)) - added_B1, 0) / blank_B1
    ninth_B1 = dispersion_B1 / 9
    return np.asarray(1 - normal_cdf((np.cbrt(least_BN) - 1 + ninth_B1) / np.sqrt(ninth_B1)) @ WEIGHTS_N, np.float64)


def _gamma(variance_B1: Doubles) -> Doubles:
    """A gamma variable of mean 1 at the nodes of a normal one (Wilson and Hilferty, PNAS 17, 1931)."""
    ninth_B1 = variance_B1 / 9
    return np.asarray(np.maximum(1 - ninth_B1 + np.sqrt(ninth_B1) * NODES_N, 0) ** 3, np.float64)


def sensitivities(matrix: CorrectionMatrix, roles: Roles) -> dict[str, float]:
    """Of each class of the target, the share that is counted as one of the target."""
    seen_K = matrix.mean_KK[:, roles.target_places].sum(1)
    return {name: float(seen_K[roles.classes.index(name)]) for name in roles.target}


def line_of_matrix(matrix: CorrectionMatrix, roles: Roles, mix: dict[str, float] | None = None) -> CorrectionLine:
    """What a matrix counts of a share of targets, the cells that are no target being alike; the mix says how much of
    the target each of its classes is, equal parts unless told."""
    seen = sensitivities(matrix, roles)
    mix = mix or dict.fromkeys(seen, 1.0)
    sensitivity = sum(seen[name] * part for name, part in mix.items()) / sum(mix.values())
    others = [place for place in roles.total_places if place not in roles.target_places]
    wrong = float(matrix.mean_KK[np.ix_(others, roles.target_places)].sum(1).mean())
    return CorrectionLine(slope=sensitivity - wrong, intercept=wrong)
