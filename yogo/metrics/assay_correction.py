"""The correction of counts that a test set gives: the confusion matrix with those of its parts, and a line at each
threshold.

Axes: U units that are drawn anew, T thresholds, K classes, F parts of the images, N boxes.
"""

from __future__ import annotations

import math

import numpy as np

from yogo.assay.corrections import CorrectionLine
from yogo.assay.roles import Roles
from yogo.assay.titration import titration_lines
from yogo.metrics.assay_limits import AssayEvidence
from yogo.metrics.assay_units import AssaySums, AssayUnits
from yogo.metrics.boxes import Doubles, EvaluationData, Ints
from yogo.metrics.matching import match
from yogo.run.correction import AssayLine, AssayRoles, CountCorrection, Matrix

NUM_PARTS, FEWEST_PARTS = 5, 3
WORST_CONDITION = 1e4
"""Of a matrix: with a larger condition number its inverse is of no use."""


def chosen_correction(
    evidence: AssayEvidence,
    told: AssayRoles,
    place: int,
    matrices_FKK: Doubles | None = None,
    *,
    definition: str = "",
) -> CountCorrection:
    """With the line of the threshold at `place` of the thresholds, and the matrices of `part_matrices`."""
    units = evidence.units
    mean_KK = None if matrices_FKK is None else matrices_FKK.mean(0)
    is_of_use = matrices_FKK is not None and all(_is_of_use(one) for one in (mean_KK, *matrices_FKK))
    return CountCorrection(
        roles=told,
        classes=evidence.sums.roles.classes,
        threshold=float(evidence.sums.thresholds[place]),
        line=line_at(evidence, place),
        matrix=_rows(mean_KK) if mean_KK is not None and is_of_use else None,
        inverses=tuple(map(_rows, np.linalg.inv(matrices_FKK))) if matrices_FKK is not None and is_of_use else (),
        definition=definition,
        num_images=len(units.unit_I),
        num_samples=sum(map(bool, units.names)),
    )


def part_matrices(
    data: EvaluationData, units: AssayUnits, num_classes: int, matched_N: Ints | None = None
) -> Doubles | None:
    """(F, K, K): rows are the label, columns the prediction, of boxes that match a label; each row sums to 1. A part
    without boxes of a class has its row of all images, and a class without any has that of the identity. None where no
    box matches a label. `matched_N` is what `yogo.metrics.matching.match` says of the kept boxes."""
    part_I = _parts(units)
    num = int(part_I.max(initial=0)) + 1
    matched_N = match(data.kept, data.truth) if matched_N is None else matched_N
    is_in_N = matched_N >= 0
    if not is_in_N.any():
        return None
    part_N, label_N = part_I[data.kept.image[is_in_N]], data.truth.label[matched_N[is_in_N]]
    places_N = (part_N * num_classes + label_N) * num_classes + data.kept.label[is_in_N]
    sums_FKK = np.bincount(places_N, minlength=num * num_classes**2).reshape(num, num_classes, num_classes)
    whole_KK = _by_row(sums_FKK.sum(0), np.eye(num_classes))
    return np.stack([_by_row(sums_KK, whole_KK) for sums_KK in sums_FKK])


def _parts(units: AssayUnits) -> Ints:
    """(I,): five parts, of whole units where there are three of them or more."""
    unit_I = units.unit_I if units.num >= FEWEST_PARTS else np.arange(len(units.unit_I))
    num = int(unit_I.max(initial=-1)) + 1
    order = np.random.default_rng(0).permutation(num)
    part_U = np.empty(num, np.int64)
    part_U[order] = np.arange(num) % NUM_PARTS
    return np.asarray(part_U[unit_I], np.int64)


def _by_row(sums_KK: Ints, empty_KK: Doubles) -> Doubles:
    total_K1 = sums_KK.sum(1, keepdims=True)
    found: Doubles = np.divide(sums_KK, total_K1, out=empty_KK.copy(), where=total_K1 > 0)
    return found


def _is_of_use(matrix_KK: Doubles) -> bool:
    return bool(np.linalg.cond(matrix_KK) < WORST_CONDITION)


def _rows(matrix_KK: Doubles) -> Matrix:
    return tuple(tuple(map(float, row)) for row in matrix_KK)


def line_at(evidence: AssayEvidence, place: int) -> AssayLine | None:
    """What is counted above the threshold, over the cells counted above it; None where it does not rise."""
    return _titration_line(evidence, place) if evidence.has_titration else _line_of_labels(evidence, place)


def _titration_line(evidence: AssayEvidence, place: int) -> AssayLine | None:
    sums = evidence.sums
    places = np.flatnonzero(evidence.is_known_U & (sums.cells_TU[place] > 0))
    counts = sums.targets_TU[place, places][None], sums.cells_TU[place, places][None]
    lines = titration_lines(evidence.known_shares[places], *counts) if len(places) > 1 else None
    if lines is None or not lines.slope[0] > 0:
        return None
    return _record(lines.line(0), "samples")


def _line_of_labels(evidence: AssayEvidence, place: int) -> AssayLine | None:
    """Both rates by the cells that are counted above the threshold, since the counts of samples are. Their variances
    are those of ratios over units, and no less than those of independent cells with half a count more."""
    sums = evidence.sums
    rates = evidence.rates_here
    false, seen = rates.false[0, place], rates.sensitivity[0, place]
    there_U = sums.cells_TU[0] if evidence.has_blanks else sums.labelled_cells_U
    kept = _share(sums.cells_TU[place].sum(), there_U.sum())
    if not (math.isfinite(false) and seen > false and kept > 0):
        return None
    found_U, of_U = sums.found_TUC[place].sum(1), sums.labelled_UC.sum(1)
    covariance_22 = _ratio_covariance(
        np.stack([found_U - seen * of_U, evidence.wrong_TU[place] - false * evidence.others_U]),
        np.array([of_U.sum(), evidence.others_U.sum()]),
    )
    share = (found_U.sum() + 0.5) / (of_U.sum() + 1)
    covariance_22[0, 0] = max(covariance_22[0, 0], share * (1 - share) / (of_U.sum() + 1))
    covariance_22[1, 1] = max(
        covariance_22[1, 1], (evidence.wrong_TU[place].sum() + 0.5) / evidence.others_U.sum() ** 2
    )
    of_false = covariance_22[1, 1]
    line = CorrectionLine(
        slope=(seen - false) / kept,
        intercept=false / kept,
        slope_variance=max(covariance_22[0, 0] + of_false - 2 * covariance_22[0, 1], 0.0) / kept**2,
        intercept_variance=of_false / kept**2,
        covariance=(covariance_22[0, 1] - of_false) / kept**2,
    )
    return _record(line, "labels")


def _ratio_covariance(rest_2U: Doubles, total_2: Doubles) -> Doubles:
    """(2, 2): of two ratios of sums over units, from what each unit is off (linearised)."""
    num = (np.abs(rest_2U).sum(0) > 0).sum()
    widened = num / (num - 1) if num > 1 else 1.0
    return np.asarray(rest_2U @ rest_2U.T / np.outer(total_2, total_2) * widened, np.float64)


def _record(line: CorrectionLine, source: str) -> AssayLine:
    return AssayLine.model_validate(
        {
            "slope": line.slope,
            "intercept": line.intercept,
            "slope_variance": line.slope_variance,
            "intercept_variance": line.intercept_variance,
            "covariance": line.covariance,
            "source": source,
        }
    )


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else math.nan


def correction_of(
    data: EvaluationData, told: AssayRoles, roles: Roles, units: AssayUnits, *, definition: str = ""
) -> CountCorrection:
    """At the threshold with the lowest limit of detection, or of all boxes where there is no limit. Without intervals,
    so quick."""
    matched_N = match(data.kept, data.truth)
    evidence = AssayEvidence(AssaySums.of(data, roles, units, matched_N), units)
    place = int(evidence.best(evidence.whole, told.usual_cells)[0]) if evidence.has_limits else 0
    matrices_FKK = part_matrices(data, units, len(roles.classes), matched_N)
    return chosen_correction(evidence, told, place, matrices_FKK, definition=definition)
