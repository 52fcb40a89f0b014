"""An assay as it may come out: limits at ten thresholds, and three samples."""

from __future__ import annotations

from typing import Any

from yogo.run.assay import AssayAtThreshold, AssayedSample, AssayFigure, AssayReport, ChosenThreshold
from yogo.run.correction import AssayLine, AssayRoles

ROLES = AssayRoles(total=("healthy", "ring"), target=("ring",), per_microlitre=5e6, cells=2e6)
THRESHOLDS = tuple(round(0.5 + 0.05 * number, 2) for number in range(10))
LINE = AssayLine(slope=0.9, intercept=1e-5, slope_variance=1e-4, intercept_variance=1e-12, source="samples")


def figure(value: float, width: float = 0.2) -> AssayFigure:
    return AssayFigure(value=value, low=value * (1 - width), high=value * (1 + width))


def made_assay(limit: float = 92, **changes: Any) -> AssayReport:
    """The limit of detection is lowest, and so many, at the threshold 0.85."""
    made = AssayReport(
        roles=ROLES,
        classes=("healthy", "ring", "wbc"),
        over="samples",
        num=12,
        num_images=240,
        num_negatives=4,
        mix={"ring": 1.0},
        thresholds=tuple(_at(threshold, limit) for threshold in THRESHOLDS),
        best=ChosenThreshold(
            threshold=0.85, low=0.75, high=0.95, lod_per_ul=figure(limit, 0.3), lod_elsewhere_per_ul=limit * 1.2
        ),
        samples=(
            sample("slide-0", 0, 3.0),
            sample("slide-1", 200, 190.0),
            sample("slide-2", 20_000, 24_000.0, name_of_group="day-2"),
        ),
        remarks=("Two samples are of one day.",),
    )
    return made.model_copy(update=changes)


def _at(threshold: float, limit: float) -> AssayAtThreshold:
    off = 1 + 20 * (threshold - 0.85) ** 2
    return AssayAtThreshold(
        threshold=threshold,
        false_positives_per_ul=figure(limit * (1.02 - threshold)),
        spread_per_ul=limit / 50,
        sensitivity=figure(1.2 - threshold / 2, 0.05),
        sensitivities={"ring": figure(1.2 - threshold / 2, 0.05)},
        lob_per_ul=limit / 2,
        # At the highest threshold the interval is open above.
        lod_per_ul=AssayFigure(value=limit * off, low=limit * off * 0.7, high=limit * off * 1.3)
        if threshold < 0.95
        else AssayFigure(value=limit * off, low=limit * off * 0.7, is_open=True),
        line=LINE,
        bend=0.5,
        near=AssayFigure(value=2 / 3, low=0.21, high=0.94),
    )


def sample(name: str, known: float, counted: float, name_of_group: str = "") -> AssayedSample:
    return AssayedSample(
        name=name,
        group=name_of_group,
        num_images=80,
        threshold=0.85,
        counts={"healthy": 1e6, "ring": counted / 5, "wbc": 3.0},
        cells=1e6,
        targets=counted / 5,
        known_per_ul=known,
        raw_per_ul=figure(counted),
        line_per_ul=figure(max(0.0, counted - 20) / 0.9),
    )
