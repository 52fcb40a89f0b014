"""Reports of an assay, made by hand."""

from __future__ import annotations

from yogo.run.assay import (
    AssayAtThreshold,
    AssayedSample,
    AssayFigure,
    AssayReport,
    ChosenThreshold,
    PublishedEstimate,
)
from yogo.run.correction import AssayLine, AssayRoles, CountCorrection

CLASSES = ("healthy", "ring", "other")
ROLES = AssayRoles(total=("healthy", "ring"), target=("ring",), per_microlitre=5e6)


def figure(value: float, by: float = 1.2) -> AssayFigure:
    return AssayFigure(value=value, low=value / by, high=value * by)


def at_threshold(threshold: float, scale: float = 1.0) -> AssayAtThreshold:
    wrong = (1.05 - threshold) * 1000 * scale
    slope = 1 - threshold / 2
    return AssayAtThreshold(
        threshold=threshold,
        false_positives_per_ul=figure(wrong),
        spread_per_ul=wrong / 10,
        sensitivity=figure(slope, 1.05),
        sensitivities={"ring": figure(slope, 1.05)},
        lob_per_ul=wrong * 1.3,
        lod_per_ul=figure(wrong * 1.5 / slope),
        line=AssayLine(
            slope=slope,
            intercept=wrong / 5e6,
            slope_variance=0.001,
            intercept_variance=1e-12,
            covariance=-1e-8,
            source="samples",
        ),
        bend=0.5,
        near=AssayFigure(value=0.6, low=0.4, high=0.8),
    )


def sample(name: str, known: float | None, scale: float = 1.0) -> AssayedSample:
    return AssayedSample(
        name=name,
        num_images=20,
        threshold=0.9,
        counts={"healthy": 1e6, "ring": 200 * scale, "other": 5},
        cells=1e6 + 200 * scale,
        targets=200 * scale,
        known_per_ul=known,
        raw_per_ul=figure(1000 * scale),
        line_per_ul=figure(1100 * scale),
        matrix_per_ul=AssayFigure(value=1050 * scale, low=900 * scale, is_open=True),
        published={"raw": PublishedEstimate(per_ul=1000 * scale, half_width=120 * scale)},
    )


def report(scale: float = 1.0) -> AssayReport:
    inverses = tuple(
        ((1 + shift, -shift, 0.0), (-0.2, 1.2 + shift, 0.0), (0.0, 0.0, 1.0)) for shift in (0.0, 0.001, 0.002)
    )
    return AssayReport(
        roles=ROLES,
        classes=CLASSES,
        over="samples",
        num=3,
        num_images=60,
        num_negatives=1,
        mix={"ring": 1.0},
        thresholds=tuple(at_threshold(step / 100, scale) for step in range(50, 100)),
        best=ChosenThreshold(
            threshold=0.93, low=0.9, high=0.97, lod_per_ul=figure(300 * scale), lod_elsewhere_per_ul=340
        ),
        samples=(
            sample("slide-1", 0.0, 0.1 * scale),
            sample("slide-2", 900.0, scale),
            sample("slide-3", 9000.0, 10 * scale),
        ),
        correction=CountCorrection(
            roles=ROLES,
            classes=CLASSES,
            threshold=0.93,
            matrix=((0.999, 0.001, 0.0), (0.1, 0.9, 0.0), (0.0, 0.0, 1.0)),
            inverses=inverses,
        ),
        remarks=("Only 3 samples are known.",),
    )
