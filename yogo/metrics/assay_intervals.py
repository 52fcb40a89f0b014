"""How far the figures of an assay are open: intervals of 95 %, from drawing the units anew and from exact bounds.

Samples, groups or images are drawn with replacement. Few counts, or few units, vary less in such draws than they would
among others of their kind, so that no interval is narrower than what counting alone leaves open: Poisson for false
positives, Wilson's for a share. Axes: U units, T thresholds, C classes of the target, R resamples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from yogo.assay.interval import LinesOfSamples, share_interval, wilson
from yogo.assay.limits import detection_limit
from yogo.metrics.assay_limits import NUM_DRAWS, NUM_TITRATIONS, AssayEvidence, lowest
from yogo.metrics.bootstrap import tail
from yogo.metrics.boxes import Doubles, Ints
from yogo.metrics.difference import NUM_RESAMPLES
from yogo.run.assay import AssayFigure
from yogo.students_t import NORMAL, students_t


@dataclass(frozen=True, slots=True, eq=False)
class Between:
    """Ends of intervals, (T,) each or (T, C)."""

    low: Doubles
    high: Doubles

    def holding(self, *values: Doubles) -> Between:
        """Widened until they hold these too; NaN says nothing."""
        return Between(
            np.fmin.reduce([self.low, *values]),
            np.fmax.reduce([self.high, *values]),
        )

    def open_at_all(self) -> Between:
        """Of shares: an end that says no more than that all may be has none."""
        return Between(self.low, np.where(self.high >= 1, np.inf, self.high))

    @classmethod
    def of(cls, drawn_R: Doubles, num_units: int) -> Between:
        """Of draws along the first axis; NaN of fewer than two units."""
        nothing = np.full(drawn_R.shape[1:], np.nan)
        if num_units < 2 or not len(drawn_R):
            return cls(nothing, nothing)
        share = tail(num_units)
        with np.errstate(invalid="ignore"):
            low, high = np.nanquantile(_known(drawn_R), [share, 1 - share], axis=0, method="nearest")
        return cls(low, high)


def _known(drawn_R: Doubles) -> Doubles:
    """Where no draw is known, there is nothing to warn of."""
    return np.where(np.isnan(drawn_R).all(0), np.inf, drawn_R)


@dataclass(frozen=True, slots=True, eq=False)
class AssayIntervals:
    false: Between
    """(T,): shares of the cells."""

    sensitivity: Between
    sensitivities: Between
    """(T, C)."""

    limit: Between
    choices: tuple[int, int] | None
    """Between the thresholds at these places lie 95 % of the choices; None where nothing can be drawn."""

    @classmethod
    def of(cls, evidence: AssayEvidence, cells: float) -> AssayIntervals:
        false = _of_false(evidence)
        by_class_RTC, seen_RT, limit_RT = _drawn(evidence, cells)
        sums, place = evidence.sums, evidence.sums.labelled_UC
        sensitivities = [
            _of_share(by_class_RTC[:, :, kind], sums.found_TUC[:, :, kind], place[:, kind])
            for kind in range(place.shape[1])
        ]
        seen = _of_share(seen_RT, sums.found_TUC.sum(2), place.sum(1))
        if evidence.has_titration and not place.any():
            seen = _of_slope(evidence)
        return cls(
            false=false,
            sensitivity=seen.holding(evidence.rates_here.sensitivity[0]),
            sensitivities=Between(
                np.stack([one.low for one in sensitivities], 1), np.stack([one.high for one in sensitivities], 1)
            ),
            limit=_of_limit(evidence, cells, limit_RT, false, _of_slope(evidence) if evidence.has_titration else seen),
            choices=_of_choice(limit_RT) if evidence.units.num > 1 and evidence.has_limits else None,
        )


def _drawn(evidence: AssayEvidence, cells: float) -> tuple[Doubles, Doubles, Doubles]:
    """(R, T, C) sensitivities, (R, T) that of the mix, and fewer limits."""
    most = NUM_TITRATIONS if evidence.has_titration else NUM_DRAWS
    by_class: list[Doubles] = []
    seen: list[Doubles] = []
    limits: list[Doubles] = []
    done = 0
    for weights_RU in evidence.weights(NUM_RESAMPLES):
        by_class.append(evidence.by_class(weights_RU))
        seen.append(evidence.of_mix(weights_RU, by_class[-1]))
        if done < most and evidence.has_limits:
            limits.append(evidence.rates(weights_RU[: most - done]).limits(cells))
        done += len(weights_RU)
    nothing = np.empty((0, len(evidence.sums.thresholds)))
    return np.concatenate(by_class), np.concatenate(seen), np.concatenate([nothing, *limits])


def _of_false(evidence: AssayEvidence) -> Between:
    """Poisson, as wide as the units differ beyond counting; by Student's t, as few say little of that."""
    wrong_T, others_U = evidence.wrong_TU.sum(1), evidence.others_U
    cells, num_units = float(others_U.sum()), int((others_U > 0).sum())
    nothing_T = np.full(len(wrong_T), np.nan)
    if not cells:
        return Between(nothing_T, nothing_T)
    widened = (students_t(num_units - 1) / NORMAL) ** 2 if num_units > 1 else 1.0
    spread_T = evidence.scatter(evidence.whole).dispersion()[0] * float((others_U**2).sum()) / cells**2 * widened
    zero_T = np.zeros_like(wrong_T)
    lines = LinesOfSamples(zero_T + 1, zero_T, spread_T, zero_T, zero_T)
    return Between(*share_interval(wrong_T, np.full_like(wrong_T, cells), lines))


def _of_share(drawn_RT: Doubles, found_TU: Doubles, labelled_U: Doubles) -> Between:
    """(T,): by draws, and no narrower than Wilson's."""
    of = float(labelled_U.sum())
    if not of:
        return Between(*np.full((2, drawn_RT.shape[1]), np.nan))
    low_T, high_T = np.array([wilson(found, of) for found in found_TU.sum(1).tolist()]).T
    return Between.of(drawn_RT, int((labelled_U > 0).sum())).holding(low_T, high_T)


def _of_slope(evidence: AssayEvidence) -> Between:
    """Of the titration line, by its variance."""
    lines = evidence.titration()
    assert lines is not None  # it has one
    half_T = NORMAL * np.sqrt(lines.covariance_T22[:, 0, 0])
    return Between(lines.slope - half_T, lines.slope + half_T)


def _of_limit(evidence: AssayEvidence, cells: float, limit_RT: Doubles, false: Between, seen: Between) -> Between:
    """By draws, and no narrower than what the ends of the false positives, of how much these differ between samples,
    and of the sensitivity say by themselves."""
    here = evidence.rates_here
    nothing = np.full(len(evidence.sums.thresholds), np.nan)
    if not evidence.has_limits:
        return Between(nothing, nothing)
    off = 0.0 if evidence.has_titration else here.false[0]
    slope_T, false_T, differ_T = here.slope[0], here.false_and_half[0], here.dispersion[0]
    alike_T = apart_T = differ_T
    if evidence.units.over == "samples":
        scatter = evidence.scatter(evidence.whole)
        apart_T = np.maximum(scatter.dispersion(0.025)[0], differ_T)
        alike_T = np.minimum(scatter.dispersion(0.975)[0], differ_T)
    ends = (
        (slope_T, false_T, differ_T),
        (slope_T, false.low, alike_T),
        (slope_T, false.high, differ_T),
        (slope_T, false_T, apart_T),
        (seen.low - off, false_T, differ_T),
        (seen.high - off, false_T, differ_T),
    )
    slope, share, dispersion = (np.stack(one) for one in zip(*ends, strict=True))
    told = detection_limit(slope, share, cells, dispersion)
    num_units = evidence.units.num if evidence.has_titration else int(evidence.sums.labelled_UC.any(1).sum())
    return Between.of(limit_RT, num_units).holding(*told)


def _of_choice(limit_RT: Doubles) -> tuple[int, int]:
    chosen_R: Ints = lowest(limit_RT[np.isfinite(limit_RT).any(1)])
    if not len(chosen_R):
        return 1, limit_RT.shape[1] - 1
    low, high = np.quantile(chosen_R, [0.025, 0.975], method="nearest")
    return int(low), int(high)


def figure(value: float, low: float, high: float, scale: float = 1.0) -> AssayFigure:
    """Ends that are NaN are not known; one that is infinite is open."""
    if math.isnan(value):
        return AssayFigure()
    known = [one * scale if math.isfinite(one) else None for one in (value, low, high)]
    return AssayFigure(value=known[0], low=known[1], high=known[2], is_open=math.isinf(high))


def figures(values_T: Doubles, between: Between, scale: float = 1.0) -> list[AssayFigure]:
    """(T,)."""
    return [
        figure(value, low, high, scale)
        for value, low, high in zip(values_T.tolist(), between.low.tolist(), between.high.tolist(), strict=True)
    ]
