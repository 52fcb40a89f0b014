"""What an assay says, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from yogo.assay.views.numbers import ends, per_cent, per_ul, share, with_interval
from yogo.run.assay import AssayAtThreshold, AssayFigure, AssayReport, ChosenThreshold
from yogo.text.wording import counted, listed

_BENT = 2.0
"""A square's part of so many deviations from 0: the line is not straight."""


def about_roles(report: AssayReport) -> str:
    roles = report.roles
    return (
        f"Targets: {', '.join(roles.target)}. Cells: {', '.join(roles.total)}; {roles.per_microlitre:,.0f} in a "
        "microlitre. In brackets, intervals of 95 %."
    )


def sentences_of(report: AssayReport) -> Iterator[str]:
    at = report.at_best
    if report.best is None or at is None:
        if report.thresholds:
            yield from _no_limit(report.thresholds)
    else:
        yield from _best(report, report.best)
        yield from _at_best(report, at)
    yield from report.remarks


def _no_limit(thresholds: Sequence[AssayAtThreshold]) -> Iterator[str]:
    lacking = [
        name
        for name, figures in (
            ("false positives", [one.false_positives_per_ul for one in thresholds]),
            ("the sensitivity", [one.sensitivity for one in thresholds]),
        )
        if all(one.value is None for one in figures)
    ]
    why = (
        f"nothing is known of {listed(lacking)}"
        if lacking
        else "at none are enough targets found, beside the false positives"
    )
    yield f"No threshold has a limit of detection (LoD): {why}."


def _best(report: AssayReport, best: ChosenThreshold) -> Iterator[str]:
    cells = f"{report.roles.usual_cells:,.0f} cells"
    limit = best.lod_per_ul
    if limit.value is None:
        yield f"At threshold {best.threshold:g} no limit of detection is found for a sample of {cells}."
    else:
        yield (
            f"Best threshold: {best.threshold:g}. There the limit of detection (LoD), the least that shows in 95 % of "
            f"samples of {cells}, is {per_ul(limit.value)} per µL{_interval(limit)}."
        )
    if not report.chosen_here:
        yield "The threshold came with the checkpoint: these images did not choose it."
        return
    if best.low is not None and best.high is not None:
        yield f"Drawn anew, the {report.over} choose {best.low:g} to {best.high:g} (95 %)."
    elsewhere = best.lod_elsewhere_per_ul
    if elsewhere is None:
        yield f"It may look too good: of so few {report.over} none are left to tell it on that did not choose it."
    else:
        yield f"Chosen on one half of the {report.over} and told of the other, the LoD is {per_ul(elsewhere)} per µL."


def _at_best(report: AssayReport, at: AssayAtThreshold) -> Iterator[str]:
    source = counted(report.num_negatives, "negative sample") if report.num_negatives else "labels"
    spread = at.spread_per_ul
    differ = "" if spread is None else f"; between these they spread by {per_ul(spread)}, beyond counting"
    yield f"False positives there: {with_interval(at.false_positives_per_ul)} per µL, from {source}{differ}."
    if (limit := at.lob_per_ul) is not None:
        yield f"In 95 % of samples without a target, at most {per_ul(limit)} per µL are counted (limit of the blank)."
    if at.sensitivities:
        seen = listed(f"{name} {with_interval(figure, share)}" for name, figure in at.sensitivities.items())
        yield f"Counted as a target, of the labels: {seen}."
    if len(report.mix) > 1 and at.sensitivity.value is not None:
        mix = listed(f"{name} {per_cent(part)}" for name, part in report.mix.items())
        yield f"Sensitivity {with_interval(at.sensitivity, share)}, of targets that are {mix}."
    yield from _line(report, at)
    if at.near is not None:
        yield f"Within 25 % of the known value: {with_interval(at.near, per_cent)} of the samples."


def _line(report: AssayReport, at: AssayAtThreshold) -> Iterator[str]:
    line = at.line
    if line is None:
        return
    background = line.intercept * report.roles.per_microlitre
    told = "from samples of known value" if line.source == "samples" else "from labels"
    yield f"The line, {told}: of each target {line.slope:.3f} are counted, and {per_ul(background)} per µL beside them."
    if at.bend is not None and line.source == "samples":
        is_bent = abs(at.bend) > _BENT
        yield "The titration is no straight line." if is_bent else "The titration is straight, as far as these tell."


def _interval(figure: AssayFigure) -> str:
    if figure.is_open:
        return f" (at least {per_ul(figure.low)}; no upper end)"
    return "" if figure.low is None or figure.high is None else f" ({ends(figure)})"
