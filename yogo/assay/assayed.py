"""What the counts of one sample mean: raw and corrected, ours with an interval, and as published."""

from __future__ import annotations

from dataclasses import dataclass

from yogo.assay.corrections import CorrectionLine, CorrectionMatrix
from yogo.assay.estimate import estimated
from yogo.assay.published import published_figures
from yogo.assay.roles import Doubles, Roles
from yogo.run.assay import AssayedSample, AssayFigure, PublishedEstimate

AnyCorrection = CorrectionLine | CorrectionMatrix


@dataclass(frozen=True, slots=True)
class SampleTold:
    """What a sample is known as."""

    name: str
    group: str = ""
    num_images: int = 0
    known_per_ul: float | None = None


def assayed_sample(
    told: SampleTold,
    counts_K: Doubles,
    every_K: Doubles,
    roles: Roles,
    *,
    threshold: float,
    line: CorrectionLine | None = None,
    matrix: CorrectionMatrix | None = None,
) -> AssayedSample:
    """`counts_K` are above the threshold, at which the line holds; `every_K` are at any probability, as the matrix
    is."""
    estimates: dict[str, tuple[Doubles, AnyCorrection | None]] = {"raw": (counts_K, None)}
    estimates |= {} if line is None else {"line": (counts_K, line)}
    estimates |= {} if matrix is None else {"matrix": (every_K, matrix)}
    ours = {by: estimate_per_ul(of_K, roles, one) for by, (of_K, one) in estimates.items()}
    return AssayedSample(
        name=told.name,
        group=told.group,
        num_images=told.num_images,
        threshold=threshold,
        counts=roles.by_class(counts_K),
        cells=roles.num_total(counts_K),
        targets=roles.num_target(counts_K),
        known_per_ul=told.known_per_ul,
        raw_per_ul=ours["raw"],
        line_per_ul=ours.get("line"),
        matrix_per_ul=ours.get("matrix"),
        published={by: published_per_ul(of_K, roles, one) for by, (of_K, one) in estimates.items()},
    )


def estimate_per_ul(counts_K: Doubles, roles: Roles, correction: AnyCorrection | None) -> AssayFigure:
    """Without cells nothing is known."""
    found, scale = estimated(counts_K, roles, correction), roles.per_microlitre
    if found.share is None or found.low is None or found.high is None:
        return AssayFigure()
    high = found.high * scale if found.is_bounded else None
    return AssayFigure(value=found.share * scale, low=found.low * scale, high=high, is_open=not found.is_bounded)


def published_per_ul(counts_K: Doubles, roles: Roles, correction: AnyCorrection | None) -> PublishedEstimate:
    value, half = published_figures(counts_K, roles, correction).per_ul
    return PublishedEstimate(per_ul=value or 0.0, half_width=half)
