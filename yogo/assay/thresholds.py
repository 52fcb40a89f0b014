"""Which threshold of the class's confidence sees the least, from samples whose truth is known.

The false positives come from the negative samples and their spread, the sensitivity from the titration line. The limit
at the best of many thresholds, on the samples that chose it, is too good. So it is also chosen on one half of the
samples and told of the other, both ways round; and how far the choice is left open is asked by drawing the samples anew
(bootstrap: negatives among negatives, the others among the others).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from yogo.assay.limits import detection_limit, dispersion_between, false_positives
from yogo.assay.roles import Doubles, Ints
from yogo.assay.titration import titration_lines

NUM_DRAWS = 200
ENOUGH_NEGATIVES = 3
"""In a half: of fewer, their spread is hardly seen, and the limit looks too good."""


@dataclass(frozen=True, slots=True, eq=False)
class KnownSamples:
    """Counts of samples whose share of targets is known, at each threshold."""

    threshold_T: Doubles
    known_S: Doubles
    count_TS: Doubles
    cells_TS: Doubles

    def of(self, places: Ints) -> KnownSamples:
        return KnownSamples(self.threshold_T, self.known_S[places], self.count_TS[:, places], self.cells_TS[:, places])


@dataclass(frozen=True, slots=True)
class BestThreshold:
    threshold: float
    low: float
    high: float
    """Between these, 95 % of the drawn samples choose."""

    limit: float
    """The limit of detection there, on the samples that chose: too good where there are few."""

    limit_low: float
    limit_high: float
    """Of 95 %, at this threshold: the samples drawn anew, and never narrower than what the count of false positives
    leaves open. Infinite where there is no upper end."""

    limit_elsewhere: float | None
    """The mean of both halves, each at the threshold that the other chose; None where a half is too small."""


def limits_by_threshold(samples: KnownSamples, cells: float, floor: float = 0.0) -> Doubles | None:
    """(T,) limits of detection, as shares; None without a negative sample and two levels. Blanks have no less than
    the dispersion `floor`."""
    parts = _parts(samples, floor)
    return None if parts is None else detection_limit(parts[0], parts[1], cells, parts[2])


def best_threshold(samples: KnownSamples, cells: float, seed: int = 0) -> BestThreshold | None:
    """None where no threshold has a limit."""
    limit_T = limits_by_threshold(samples, cells)
    if limit_T is None or not np.isfinite(limit_T).any():
        return None
    best = int(limit_T.argmin())
    rng = np.random.default_rng(seed)
    drawn = [one for _ in range(NUM_DRAWS) if (one := _parts(samples.of(_drawn(samples.known_S, rng)))) is not None]
    slope_RT, share_RT, dispersion_RT = (np.stack(one) for one in zip(*drawn, strict=True))
    limit_RT = detection_limit(slope_RT, share_RT, cells, dispersion_RT)
    low, high = np.quantile(samples.threshold_T[limit_RT.argmin(1)], [0.025, 0.975], method="nearest")
    limit_low, limit_high = _limit_interval(samples, best, limit_RT[:, best], cells)
    return BestThreshold(
        threshold=float(samples.threshold_T[best]),
        low=float(low),
        high=float(high),
        limit=float(limit_T[best]),
        limit_low=limit_low,
        limit_high=limit_high,
        limit_elsewhere=limit_elsewhere(samples, cells),
    )


def _limit_interval(samples: KnownSamples, place: int, limit_R: Doubles, cells: float) -> tuple[float, float]:
    drawn = np.quantile(limit_R, [0.025, 0.975], method="nearest")
    is_negative_S = samples.known_S == 0
    blanks = false_positives(samples.count_TS[place, is_negative_S], samples.cells_TS[place, is_negative_S])
    parts = _parts(samples)
    assert blanks is not None  # every sample has cells
    assert parts is not None
    open_by_counting = detection_limit(parts[0][place], np.array([blanks.low, blanks.high]), cells, parts[2][place])
    return float(min(drawn[0], open_by_counting[0])), float(max(drawn[1], open_by_counting[1]))


def limit_elsewhere(samples: KnownSamples, cells: float) -> float | None:
    """The limit at a threshold that other samples chose: the mean of both halves, each by the other's choice."""
    order = np.argsort(samples.known_S, kind="stable")
    halves = [samples.of(order[0::2]), samples.of(order[1::2])]
    if any((half.known_S == 0).sum() < ENOUGH_NEGATIVES for half in halves):
        return None
    limits = [limits_by_threshold(half, cells) for half in halves]
    if limits[0] is None or limits[1] is None:
        return None
    told = (limits[1][limits[0].argmin()] + limits[0][limits[1].argmin()]) / 2
    return float(told) if np.isfinite(told) else None


def _parts(samples: KnownSamples, floor: float = 0.0) -> tuple[Doubles, Doubles, Doubles] | None:
    """(T,) each: sensitivity, false positives a cell, their dispersion, which is no less than at lower thresholds: of
    few counts it is mostly 0, and the limit would be lowest where nothing is known of how samples differ."""
    is_negative_S = samples.known_S == 0
    lines = titration_lines(samples.known_S, samples.count_TS, samples.cells_TS)
    if lines is None or not is_negative_S.any():
        return None
    count_TS, cells_TS = samples.count_TS[:, is_negative_S], samples.cells_TS[:, is_negative_S]
    dispersion_T = [dispersion_between(count_S, cells_S) for count_S, cells_S in zip(count_TS, cells_TS, strict=True)]
    rising_T = np.maximum.accumulate([floor, *dispersion_T])[1:]
    return lines.slope, count_TS.sum(1) / cells_TS.sum(1), rising_T


def _drawn(known_S: Doubles, rng: np.random.Generator) -> Ints:
    negative, positive = np.flatnonzero(known_S == 0), np.flatnonzero(known_S > 0)
    return np.concatenate([rng.choice(negative, len(negative)), rng.choice(positive, len(positive))])
