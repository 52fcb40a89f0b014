"""The samples of an assay: what is counted in each, corrected, and how many are near what is known of them.

Axes: S samples, T thresholds, K classes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from yogo.assay.assayed import SampleTold, assayed_sample
from yogo.assay.corrections import CorrectionLine, CorrectionMatrix
from yogo.assay.estimate import NEAR
from yogo.assay.interval import wilson
from yogo.assay.titration import titration_lines
from yogo.metrics.assay_correction import line_at
from yogo.metrics.assay_intervals import figure
from yogo.metrics.assay_limits import AssayEvidence
from yogo.metrics.boxes import Doubles, Ints
from yogo.run.assay import AssayedSample, AssayFigure
from yogo.run.correction import AssayLine, CountCorrection


def assayed_samples(evidence: AssayEvidence, place: int, correction: CountCorrection | None) -> Iterator[AssayedSample]:
    """Counted above the threshold at `place`, at which the correction's line is."""
    sums, units = evidence.sums, evidence.units
    line = CorrectionLine.of(correction.line) if correction and correction.line else None
    matrix = CorrectionMatrix.of(correction) if correction else None
    for unit, name in enumerate(units.names):
        if not name:
            continue
        known = float(units.known_U[unit])
        told = SampleTold(
            name,
            units.groups[unit],
            num_images=int(units.images_U[unit]),
            known_per_ul=None if np.isnan(known) else known,
        )
        counts_K, every_K = sums.count_TUK[place, unit], sums.count_TUK[0, unit]
        threshold = float(sums.thresholds[place])
        yield assayed_sample(told, counts_K, every_K, sums.roles, threshold=threshold, line=line, matrix=matrix)


def near_by_threshold(evidence: AssayEvidence, own: CountCorrection | None = None) -> list[AssayFigure | None]:
    """(T,): the share of the samples with targets whose estimate is near what is known. A line that comes from these
    samples is drawn anew without the sample that it estimates; at its threshold, `own` says it instead."""
    sums, units = evidence.sums, evidence.units
    positive = np.flatnonzero(evidence.is_known_U & (units.known_U > 0))
    if not len(positive):
        return [None] * len(sums.thresholds)
    known_S = evidence.known_shares[positive]
    is_near_TS = _is_near(_estimates(evidence, positive), known_S)
    if own is not None and own.line is not None:
        place = int(np.abs(sums.thresholds - own.threshold).argmin())
        is_near_TS[place] = _is_near(_by_line(evidence, place, positive, own.line), known_S)
    found = []
    for near_S in is_near_TS:
        num, of = int((near_S == 1).sum()), int((~np.isnan(near_S)).sum())
        found.append(figure(num / of, *wilson(num, of)) if of else None)
    return found


def _is_near(share: Doubles, known_S: Doubles) -> Doubles:
    """1, 0, or NaN where there is no estimate."""
    near: Doubles = np.where(np.isnan(share), np.nan, np.abs(share / known_S - 1) <= NEAR)
    return near


def _estimates(evidence: AssayEvidence, positive: Ints) -> Doubles:
    """(T, S)."""
    if evidence.has_titration:
        return np.stack([_without(evidence, unit) for unit in positive], 1)
    lines = [line_at(evidence, place) for place in range(len(evidence.sums.thresholds))]
    return np.stack([_by_line(evidence, place, positive, line) for place, line in enumerate(lines)])


def _by_line(evidence: AssayEvidence, place: int, positive: Ints, line: AssayLine | None) -> Doubles:
    """(S,)."""
    targets_S, cells_S = evidence.sums.targets_TU[place, positive], evidence.sums.cells_TU[place, positive]
    if line is None:
        return np.full(len(positive), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.maximum((targets_S / cells_S - line.intercept) / line.slope, 0), np.float64)


def _without(evidence: AssayEvidence, unit: int) -> Doubles:
    """(T,): the estimate of a sample by the line of the others; NaN where a sample has no cells, or it does not
    rise."""
    sums = evidence.sums
    others = np.flatnonzero(evidence.is_known_U & (np.arange(evidence.units.num) != unit))
    found_T = np.full(len(sums.thresholds), np.nan)
    has_cells = np.flatnonzero((sums.cells_TU[:, [*others, unit]] > 0).all(1))
    counts = (one[np.ix_(has_cells, others)] for one in (sums.targets_TU, sums.cells_TU))
    lines = titration_lines(evidence.known_shares[others], *counts) if len(has_cells) else None
    if lines is not None:
        share_T = sums.targets_TU[has_cells, unit] / sums.cells_TU[has_cells, unit]
        with np.errstate(divide="ignore", invalid="ignore"):
            estimate_T = np.maximum((share_T - lines.intercept) / lines.slope, 0)
        found_T[has_cells] = np.where(lines.slope > 0, estimate_T, np.nan)
    return found_T
