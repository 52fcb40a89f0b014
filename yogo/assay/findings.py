"""What a file of counts says of its models, by threshold: false positives, limits, titration lines, and how many
samples are near what is known of them. As data, for --json and for the table.

Figures are per microlitre; a limit that does not exist is None.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from yogo.assay.corrections import CorrectionLine
from yogo.assay.counts_file import CountedSample
from yogo.assay.estimate import NEAR, share_of
from yogo.assay.interval import wilson
from yogo.assay.limits import (
    FalsePositives,
    blank_limit,
    detection_limit,
    false_positives,
    line_of_matrix,
    sensitivities,
)
from yogo.assay.roles import Doubles, Roles
from yogo.assay.tables import matrix_of, table_rows
from yogo.assay.thresholds import KnownSamples, best_threshold, limits_by_threshold
from yogo.assay.titration import titration_lines

LOWEST, HIGHEST = 0.5, 0.99
"""Thresholds among which the best is chosen."""

NUM_DRAWS = 400


def findings(
    samples: Sequence[CountedSample], roles: Roles, data: Path, cells: float, mix: dict[str, float] | None = None
) -> dict[str, Any]:
    """Limits are told for a sample of so many cells, and of a matrix for this mix of the target's classes (equal parts
    unless told). All samples have these roles. Raises AssayError."""
    models = list(dict.fromkeys((one.model, one.kind, one.clinical) for one in samples if one.kind != "skip"))
    return {
        "cells": cells,
        "corrections": [
            _of_matrix(data, str(model), roles, cells, mix)
            if kind == "deskew"
            else _of_table(data, str(model), bool(is_clinical), roles, cells)
            for model, kind, is_clinical in models
        ],
        "known": _of_known(samples, roles, cells),
        "near": _near(samples, roles, data),
    }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _of_matrix(data: Path, model: str, roles: Roles, cells: float, mix: dict[str, float] | None) -> dict[str, Any]:
    matrix, scale = matrix_of(data, model, len(roles.classes)), roles.per_microlitre
    line = line_of_matrix(matrix, roles, mix)
    limit = float(blank_limit(line.intercept * cells))
    return {
        "model": model,
        "by": "matrix",
        "false_positives_per_ul": line.intercept * scale,
        "sensitivities": sensitivities(matrix, roles),
        "mix": mix or dict.fromkeys(roles.target, 1 / len(roles.target)),
        "lob_count": limit,
        "lob_per_ul": limit / cells * scale,
        "lod_per_ul": _finite(float(detection_limit(line.slope, line.intercept, cells)) * scale),
    }


def _of_table(data: Path, model: str, is_clinical: bool, roles: Roles, cells: float) -> dict[str, Any]:
    scale = roles.per_microlitre
    rows = table_rows(data, model, is_clinical=is_clinical)
    lines = [row.line(scale) for row in rows]
    threshold_T = np.array([row.threshold for row in rows])
    slope_T, share_T = np.array([one.slope for one in lines]), np.array([one.intercept for one in lines])
    blank_T = blank_limit(np.maximum(share_T, 0) * cells)
    limit_T = detection_limit(slope_T, share_T, cells)
    allowed_T = np.where((threshold_T > LOWEST - 1e-9) & (threshold_T < HIGHEST + 1e-9), limit_T, np.inf)
    best = int(allowed_T.argmin())
    return {
        "model": model,
        "by": "line",
        "clinical": is_clinical,
        "thresholds": [
            {
                "threshold": float(threshold),
                "sensitivity": float(slope),
                "false_positives_per_ul": max(float(share), 0.0) * scale,
                "lob_count": float(blank),
                "lob_per_ul": float(blank) / cells * scale,
                "lod_per_ul": _finite(float(limit) * scale),
            }
            for threshold, slope, share, blank, limit in zip(
                threshold_T, slope_T, share_T, blank_T, limit_T, strict=True
            )
        ],
        "best": _best_of_table(lines[best], float(threshold_T[best]), float(allowed_T[best]), cells, scale),
    }


def _best_of_table(
    line: CorrectionLine, threshold: float, limit: float, cells: float, scale: float
) -> dict[str, Any] | None:
    """The interval is that of the line at this threshold. How far the choice is open a table does not say."""
    if not math.isfinite(limit):
        return None
    covariance = [[line.slope_variance, line.covariance], [line.covariance, line.intercept_variance]]
    rng = np.random.default_rng(0)
    slope_R, share_R = rng.multivariate_normal([line.slope, line.intercept], covariance, NUM_DRAWS, method="eigh").T
    low, high = np.quantile(detection_limit(slope_R, share_R, cells), [0.025, 0.975], method="nearest")
    return {
        "threshold": threshold,
        "threshold_low": None,
        "threshold_high": None,
        "lod_per_ul": {
            "value": limit * scale,
            "low": _finite(float(low) * scale),
            "high": _finite(float(high) * scale),
        },
        "lod_elsewhere_per_ul": None,
    }


def _of_known(samples: Sequence[CountedSample], roles: Roles, cells: float) -> dict[str, Any] | None:
    """From the samples of known value, each once a threshold, whatever correction is asked for it."""
    found: dict[float | None, dict[str, CountedSample]] = defaultdict(dict)
    for number, one in enumerate(samples, 1):
        if one.target_per_microlitre is not None and roles.num_total(one.counts_K) > 0:
            found[one.threshold].setdefault(one.sample or f"#{number}", one)
    if not found:
        return None
    order = sorted(found, key=lambda one: -1.0 if one is None else one)
    rows, floor = [], 0.0
    for threshold in order:
        row, floor = _at_threshold(threshold, list(found[threshold].values()), roles, cells, floor)
        rows.append(row)
    return {
        "thresholds": rows,
        "best": _best_of_known({at: of for at, of in found.items() if at is not None}, roles, cells),
    }


def _arrays(samples: Iterable[CountedSample], roles: Roles) -> tuple[Doubles, Doubles, Doubles]:
    rows = [
        (
            (one.target_per_microlitre or 0.0) / roles.per_microlitre,
            roles.num_target(one.counts_K),
            roles.num_total(one.counts_K),
        )
        for one in samples
    ]
    known_S, count_S, cells_S = np.array(rows, np.float64).T
    return known_S, count_S, cells_S


def _at_threshold(
    threshold: float | None, samples: list[CountedSample], roles: Roles, cells: float, floor: float
) -> tuple[dict[str, Any], float]:
    """And the dispersion of the blanks, `floor` at least: see yogo.assay.thresholds."""
    known_S, count_S, cells_S = _arrays(samples, roles)
    scale = roles.per_microlitre
    is_negative_S = known_S == 0
    blanks = false_positives(count_S[is_negative_S], cells_S[is_negative_S]) if is_negative_S.any() else None
    floor = floor if blanks is None else max(floor, blanks.dispersion)
    limit_T = limits_by_threshold(KnownSamples(np.zeros(1), known_S, count_S[None], cells_S[None]), cells, floor)
    limit = None if blanks is None else float(blank_limit(blanks.share * cells, floor))
    return {
        "threshold": threshold,
        "samples": len(samples),
        "negatives": None if blanks is None else _negatives(blanks, scale),
        "line": _titration(known_S, count_S, cells_S, scale),
        "lob_count": limit,
        "lob_per_ul": None if limit is None else limit / cells * scale,
        "lod_per_ul": None if limit_T is None else _finite(float(limit_T[0]) * scale),
    }, floor


def _negatives(blanks: FalsePositives, scale: float) -> dict[str, Any]:
    return {
        "samples": blanks.num_samples,
        "per_ul": {"value": blanks.share * scale, "low": blanks.low * scale, "high": blanks.high * scale},
        "spread_per_ul": blanks.spread * scale if blanks.num_samples > 1 else None,
        "spread_interval_per_ul": blanks.spread_interval and [end * scale for end in blanks.spread_interval],
    }


def _titration(known_S: Doubles, count_S: Doubles, cells_S: Doubles, scale: float) -> dict[str, Any] | None:
    lines = titration_lines(known_S, count_S[None], cells_S[None])
    if lines is None:
        return None
    line = lines.line(0)
    return {
        "slope": line.slope,
        "intercept_per_ul": line.intercept * scale,
        "slope_variance": line.slope_variance,
        "intercept_variance": line.intercept_variance * scale**2,
        "covariance": line.covariance * scale,
        "spread": float(lines.spread[0]),
        "bend": _finite(float(lines.bend[0])),
        "is_straight": lines.is_straight(0),
    }


def _best_of_known(found: dict[float, dict[str, CountedSample]], roles: Roles, cells: float) -> dict[str, Any] | None:
    """Among the thresholds at which as many samples were counted as at any, and the same."""
    allowed = sorted(at for at in found if LOWEST - 1e-9 < at < HIGHEST + 1e-9)
    most = max((len(found[at]) for at in allowed), default=0)
    names = next((sorted(found[at]) for at in allowed if len(found[at]) == most), [])
    thresholds = [at for at in allowed if found[at].keys() >= set(names)]
    if len(thresholds) < 2:
        return None
    parts = [_arrays((found[at][name] for name in names), roles) for at in thresholds]
    known = KnownSamples(
        np.array(thresholds), parts[0][0], np.stack([one[1] for one in parts]), np.stack([one[2] for one in parts])
    )
    best = best_threshold(known, cells)
    if best is None:
        return None
    scale = roles.per_microlitre
    return {
        "threshold": best.threshold,
        "threshold_low": best.low,
        "threshold_high": best.high,
        "lod_per_ul": {"value": best.limit * scale, "low": _finite(best.limit_low * scale)}
        | {"high": _finite(best.limit_high * scale)},
        "lod_elsewhere_per_ul": None if best.limit_elsewhere is None else best.limit_elsewhere * scale,
    }


def _near(samples: Sequence[CountedSample], roles: Roles, data: Path) -> list[dict[str, Any]]:
    """Of the samples with targets, by correction: how many estimates are within 25 % of the truth (WHO)."""
    found: dict[tuple[Any, ...], list[bool]] = defaultdict(list)
    for one in samples:
        if one.target_per_microlitre:
            share = share_of(one.counts_K, roles, one.correction(data))
            ratio = math.inf if share is None else share * roles.per_microlitre / one.target_per_microlitre
            found[one.kind, one.model, one.clinical, one.threshold].append(abs(ratio - 1) <= NEAR)
    return [
        {"kind": kind, "model": model, "clinical": is_clinical, "threshold": threshold}
        | {"samples": len(near), "within": sum(near), "share": _share_of(near)}
        for (kind, model, is_clinical, threshold), near in found.items()
    ]


def _share_of(near: Sequence[bool]) -> dict[str, float]:
    low, high = wilson(sum(near), len(near))
    return {"value": sum(near) / len(near), "low": low, "high": high}
