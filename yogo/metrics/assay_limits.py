"""False positives, sensitivity and the limit of detection at each threshold, of a test set and of any resample of it.

Shares are of the cells that are there, at any probability. False positives come from the negative samples where there
are some, else from labels; the sensitivity from the line of a titration where samples of known value are enough, else
from labels. Half a count is added to the false positives (Jeffreys) before a limit is made of them, so that none seen
in few cells does not pass for none.

Axes: U units that are drawn anew, T thresholds, C classes of the target, R resamples.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from yogo.assay.limits import detection_limit
from yogo.assay.thresholds import ENOUGH_NEGATIVES
from yogo.assay.titration import TitrationLines, titration_lines
from yogo.metrics.assay_units import AssaySums, AssayUnits
from yogo.metrics.boxes import Doubles, Ints
from yogo.metrics.confidence import Bools

LOWEST = 1
"""The place of the lowest threshold among which the best is chosen; before it stands that of all boxes."""

ENOUGH_POSITIVES = 3
"""Samples of known value above 0, for a titration line."""

CLEARLY = 4.0
"""How many standard deviations above 0 the slope of a titration line is at least."""

ENOUGH_UNITS, ENOUGH_LABELS = 3, 5
"""In each half that chooses a threshold for the other; labels of the target."""

WIDEST = 4.0
"""The largest dispersion that is looked at: samples whose deviation is twice their mean."""

NUM_DRAWS, NUM_TITRATIONS = 400, 200
_WEIGHTS_AT_ONCE = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class AssayRates:
    """(R, T) each, of R resamples."""

    false: Doubles
    """False positives by the cells that are no target; NaN without such cells."""

    false_and_half: Doubles
    sensitivity: Doubles
    """Of the mix; NaN where no target is labelled, and nothing is known of samples."""

    slope: Doubles
    """Of what is counted, over the share of targets."""

    dispersion: Doubles

    def limits(self, cells: float) -> Doubles:
        """(R, T), as shares of the cells; infinite where there is none."""
        return detection_limit(self.slope, self.false_and_half, cells, self.dispersion)


@dataclass(frozen=True, slots=True, eq=False)
class Scatter:
    """Σ (x - N f)² / (N f) over units, whose mean is the freedom + d * grows, d their dispersion (R, T)."""

    pearson: Doubles
    grows: Doubles
    freedom: Doubles
    """(R, 1): units but one."""

    def dispersion(self, share: float | None = None) -> Doubles:
        """By moments, as `yogo.assay.limits.dispersion_between` takes it; or, as if the sum were in proportion to
        chi-squared, the one with which so large a `share` of such sums are smaller than this one."""
        freedom_R1 = np.maximum(self.freedom, 1.0)
        told = freedom_R1 if share is None else _chi_squared(share, freedom_R1)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = (self.pearson * freedom_R1 / told - freedom_R1) / self.grows
        return np.where((self.grows > 0) & (self.freedom > 0) & (found > 0), np.minimum(found, WIDEST), 0.0)

    def rising(self) -> Doubles:
        """No less than at any lower threshold: of few counts it is mostly 0, and the limit would be lowest where
        nothing is known of how samples differ."""
        return np.asarray(np.maximum.accumulate(self.dispersion(), 1), np.float64)


def _chi_squared(share: float, freedom: Doubles) -> Doubles:
    """Its quantile (Wilson and Hilferty, PNAS 17, 1931)."""
    ninth = 2 / (9 * freedom)
    found: Doubles = freedom * np.maximum(1 - ninth + NormalDist().inv_cdf(share) * np.sqrt(ninth), 0.05) ** 3
    return found


class AssayEvidence:
    """What a test set says of a model's counts, for any weights of its units."""

    def __init__(self, sums: AssaySums, units: AssayUnits, mix: Mapping[str, float] | None = None) -> None:
        self.sums = sums
        self.units = units
        roles = sums.roles
        self.mix_C = None if mix is None else np.array([mix.get(name, 0.0) for name in roles.target])
        cells_U = sums.cells_TU[0]
        self.is_known_U: Bools = ~np.isnan(units.known_U) & (cells_U > 0)
        self.is_blank_U: Bools = units.is_negative_U & (cells_U > 0)
        self.has_blanks = bool(self.is_blank_U.any())
        self.wrong_TU = sums.targets_TU * self.is_blank_U if self.has_blanks else sums.wrong_TU
        self.others_U = cells_U * self.is_blank_U if self.has_blanks else sums.labelled_others_U
        self.has_titration = self._rises()

    @property
    def whole(self) -> Doubles:
        """(1, U): the weights of the test set as it is."""
        return np.ones((1, self.units.num))

    @property
    def strata(self) -> tuple[Ints, ...]:
        """Places of units that are drawn for each other: negative samples among themselves."""
        parts = (self.is_blank_U, ~self.is_blank_U)
        return tuple(np.flatnonzero(one) for one in parts if one.any())

    def weights(self, num: int, seed: int = 0) -> Iterator[Doubles]:
        """(R, U) each: how often each of `num` resamples holds each unit, in parts that fit into memory."""
        draw, size = np.random.default_rng(seed), self.units.num
        rows = max(1, _WEIGHTS_AT_ONCE // max(1, size))
        for begin in range(0, num, rows):
            weights_RU = np.zeros((min(rows, num - begin), size))
            for places in self.strata:
                chances = np.full(len(places), 1 / len(places))
                weights_RU[:, places] = draw.multinomial(len(places), chances, size=len(weights_RU))
            yield weights_RU

    @functools.cached_property
    def rates_here(self) -> AssayRates:
        """Of the test set as it is, (1, T) each."""
        return self.rates(self.whole)

    def rates(self, weights_RU: Doubles) -> AssayRates:
        wrong_RT = weights_RU @ self.wrong_TU.T
        cells_R1 = (weights_RU @ self.others_U)[:, None]
        false_RT, half_RT = _share(wrong_RT, cells_R1), _share(wrong_RT + 0.5, cells_R1)
        seen_RT = self.sensitivity(weights_RU)
        slope_RT = self._slopes(weights_RU) if self.has_titration else seen_RT - false_RT
        # Groups and images are parts of samples: how much these differ they do not say.
        is_by_sample = self.units.over == "samples"
        dispersion_RT = self.scatter(weights_RU).rising() if is_by_sample else np.zeros_like(wrong_RT)
        return AssayRates(false_RT, half_RT, seen_RT, slope_RT, dispersion_RT)

    def sensitivity(self, weights_RU: Doubles) -> Doubles:
        """(R, T): of the mix, which is that of the labels unless told; a class that is not labelled is left out."""
        return self.of_mix(weights_RU, self.by_class(weights_RU))

    def of_mix(self, weights_RU: Doubles, by_class_RTC: Doubles) -> Doubles:
        """The same, where that of the classes is at hand."""
        labelled_RC = weights_RU @ self.sums.labelled_UC
        part_RC = labelled_RC if self.mix_C is None else np.where(labelled_RC > 0, self.mix_C, 0.0)
        sums_RT = (np.nan_to_num(by_class_RTC) * part_RC[:, None, :]).sum(2)
        return _share(sums_RT, part_RC.sum(1)[:, None])

    def scatter(self, weights_RU: Doubles) -> Scatter:
        """How much units differ in their false positives."""
        counts_U = self.others_U > 0
        squares_TU = _share(self.wrong_TU**2, np.where(counts_U, self.others_U, 1.0))
        wrong_RT, cells_R1 = weights_RU @ self.wrong_TU.T, (weights_RU @ self.others_U)[:, None]
        share_RT = _share(wrong_RT, cells_R1)
        with np.errstate(divide="ignore", invalid="ignore"):
            pearson_RT = (weights_RU @ squares_TU.T) / share_RT - wrong_RT
        grows_RT = share_RT * (cells_R1 - _share((weights_RU @ self.others_U**2)[:, None], cells_R1))
        return Scatter(pearson_RT, grows_RT, (weights_RU @ counts_U)[:, None] - 1)

    def by_class(self, weights_RU: Doubles) -> Doubles:
        """(R, T, C): of each class of the target, the share of its labels that are counted as one of the target."""
        labelled_RC = weights_RU @ self.sums.labelled_UC
        found_RTC = np.tensordot(weights_RU, self.sums.found_TUC, ((1,), (1,)))
        return _share(found_RTC, labelled_RC[:, None, :])

    def _slopes(self, weights_RU: Doubles) -> Doubles:
        """(R, T); NaN where a resample holds no two levels."""
        found = np.full((len(weights_RU), len(self.sums.thresholds)), np.nan)
        for row, weight_U in enumerate(weights_RU):
            places = np.repeat(np.arange(len(weight_U)), (weight_U * self.is_known_U).astype(np.int64))
            lines = titration_lines(self.known_shares[places], *self._counted(places)) if len(places) > 1 else None
            found[row] = np.nan if lines is None else lines.slope
        return found

    @property
    def known_shares(self) -> Doubles:
        """(U,): of targets among the cells."""
        return np.asarray(self.units.known_U / self.sums.roles.per_microlitre, np.float64)

    def _counted(self, places: Ints) -> tuple[Doubles, Doubles]:
        """(T, S) each: targets above the threshold, and cells at any."""
        targets_TS = self.sums.targets_TU[:, places]
        return targets_TS, np.broadcast_to(self.sums.cells_TU[0, places], targets_TS.shape)

    def titration(self) -> TitrationLines | None:
        """Through the samples of known value, of what is counted over the cells of any probability."""
        places = np.flatnonzero(self.is_known_U)
        return titration_lines(self.known_shares[places], *self._counted(places)) if len(places) > 1 else None

    def _rises(self) -> bool:
        """Whether samples of known value are enough for a line that clearly rises."""
        if (self.units.known_U[self.is_known_U] > 0).sum() < ENOUGH_POSITIVES:
            return False
        lines = self.titration()
        return bool(lines and lines.slope[LOWEST] > CLEARLY * math.sqrt(lines.covariance_T22[LOWEST, 0, 0]))

    @property
    def has_limits(self) -> bool:
        """Whether false positives and sensitivity are known of anything."""
        return bool(self.others_U.sum() > 0 and (self.has_titration or self.sums.labelled_UC.sum() > 0))

    @property
    def has_rates(self) -> bool:
        """Whether one of the two is known."""
        return bool(self.others_U.sum() > 0 or self.has_titration or self.sums.labelled_UC.sum() > 0)

    def best(self, weights_RU: Doubles, cells: float) -> Ints:
        """(R,): the place of the threshold with the lowest limit; of equal ones the lowest."""
        return lowest(self.rates(weights_RU).limits(cells))

    def limit_elsewhere(self, cells: float, seed: int = 0) -> float | None:
        """The limit at a threshold that other units chose: the mean of both halves, each by the other's choice; None
        where a half is too small."""
        halves_2U = np.zeros((2, self.units.num))
        draw = np.random.default_rng(seed)
        for places in self.strata:
            # Known samples by their value, so that the halves are alike; others by chance.
            order = places[np.lexsort((draw.random(len(places)), np.nan_to_num(self.units.known_U[places], nan=-1)))]
            for half in (0, 1):
                halves_2U[half, order[half::2]] = 1
        if not all(map(self._is_enough, halves_2U)):
            return None
        limits_2T = self.rates(halves_2U).limits(cells)
        best_2 = lowest(limits_2T)
        told = float(limits_2T[0, best_2[1]] + limits_2T[1, best_2[0]]) / 2
        return told if math.isfinite(told) else None

    def _is_enough(self, half_U: Doubles) -> bool:
        if self.has_blanks and (half_U * self.is_blank_U).sum() < ENOUGH_NEGATIVES:
            return False
        if self.has_titration:
            return bool((half_U * (self.units.known_U > 0)).sum() >= 2)
        return bool(half_U.sum() >= ENOUGH_UNITS and half_U @ self.sums.labelled_UC.sum(1) >= ENOUGH_LABELS)


def lowest(limits_RT: Doubles) -> Ints:
    """(R,): the place of the threshold with the lowest limit; of equal ones the lowest."""
    return np.asarray(limits_RT[:, LOWEST:].argmin(1) + LOWEST, np.int64)


def _share(part: Doubles, whole: Doubles) -> Doubles:
    """NaN where there is nothing to divide by."""
    part, whole = np.broadcast_arrays(part, whole)
    found: Doubles = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    return found
