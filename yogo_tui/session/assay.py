"""The tables of an assay, and what its figures mean, for its screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from yogo.assay.views.numbers import NOTHING, ends, per_ul, share, with_interval
from yogo.assay.views.report_lines import estimates, shown_thresholds
from yogo.run.assay import AssayAtThreshold, AssayedSample, AssayFigure, AssayReport
from yogo.run.correction import AssayLine

BEST = "◆"

TERMS = (
    (
        "threshold",
        "Of the class's probability: boxes above it are counted. The best one has the lowest LoD; its 95 % are the "
        "thresholds that would be chosen if samples or images were drawn anew.",
    ),
    (
        "LoD",
        "Limit of detection: the least targets per µL with which 95 % of samples give a count above the LoB. "
        "Less is better.",
    ),
    (
        "LoD elsewhere",
        "The threshold is chosen on one half, and its LoD is that of the other half. The lowest of many figures looks "
        "better than it is where it is told of those that chose it.",
    ),
    ("LoB", "Limit of the blank: what 95 % of samples without targets do not exceed, per µL. Less is better."),
    ("false positives", "Targets per µL that are counted where there are none. Less is better."),
    ("spread", "By how much negative samples differ beyond counting: a standard deviation, per µL. Less is better."),
    ("sensitivity", "The share of targets that are counted as one, whatever their class. From 0 to 1. More is better."),
    (
        "within 25 %",
        "The share of samples of known value that are estimated within 25 % of it. From 0 to 1. More is better.",
    ),
    ("slope", "By how much the counted share rises with the true one. Estimates by line divide by it."),
    (
        "known",
        "Targets per µL as they are known otherwise, such as by PCR or a titration. x shows estimates over it; a "
        "sample without targets has no place there.",
    ),
    ("by counts", "Targets by cells, as they were counted."),
    ("by line", "The same, corrected by the line through samples of known value, or by labels."),
    ("by matrix", "The same of all boxes, corrected by what each class is taken for."),
    ("95 %", f"In brackets or beside a figure: its interval. It may have no upper end. {NOTHING} is none."),
)


@dataclass(frozen=True, slots=True)
class AssayTable:
    title: str
    """Above the first column."""

    head: tuple[str, ...]
    """Of the other columns."""

    rows: tuple[tuple[str, ...], ...]


def assay_tables(report: AssayReport, *, is_whole: bool = False) -> tuple[AssayTable, ...]:
    """The figures at the best threshold, those by threshold, and the samples. Of the thresholds each twentieth and the
    best are shown, all with `is_whole`."""
    every = (_summary(report), _by_threshold(report, is_whole=is_whole), _samples(report))
    return tuple(one for one in every if one.rows)


def threshold_words(value: float) -> str:
    """At least two digits: 0.50, 0.985."""
    text = f"{value:.6f}".rstrip("0")
    return text if len(text) >= 4 else f"{value:.2f}"


def in_short(report: AssayReport) -> str:
    """Such as `LoD 92 (64 to 120) per µL at 0.85`."""
    if report.best is None or report.best.lod_per_ul == AssayFigure():
        return "no limit of detection"
    return f"LoD {with_interval(report.best.lod_per_ul)} per µL at {threshold_words(report.best.threshold)}"


def _between(figure: AssayFigure, shown: Callable[[float | None], str] = per_ul) -> str:
    if figure.is_open:
        return f"{shown(figure.low)} or more"
    return NOTHING if figure.low is None or figure.high is None else ends(figure, shown)


def _summary(report: AssayReport) -> AssayTable:
    rows = (*_of_best(report), *_of_line(report.at_best))
    return AssayTable("at the best threshold", ("per µL", "95 %"), rows)


def _of_best(report: AssayReport) -> Iterator[tuple[str, str, str]]:
    best, at = report.best, report.at_best
    if best is None or at is None:
        return
    chosen = AssayFigure(value=best.threshold, low=best.low, high=best.high)
    yield "threshold", threshold_words(best.threshold), _between(chosen, lambda one: threshold_words(one or 0.0))
    yield f"LoD of {report.roles.usual_cells:,.0f} cells", per_ul(best.lod_per_ul.value), _between(best.lod_per_ul)
    if best.lod_elsewhere_per_ul is not None:
        yield "LoD elsewhere", per_ul(best.lod_elsewhere_per_ul), ""
    yield "LoB", per_ul(at.lob_per_ul), ""
    yield "false positives", per_ul(at.false_positives_per_ul.value), _between(at.false_positives_per_ul)
    if at.spread_per_ul is not None:
        yield "spread between negatives", per_ul(at.spread_per_ul), ""
    yield "sensitivity (share)", share(at.sensitivity.value), _between(at.sensitivity, share)
    for name, figure in at.sensitivities.items() if len(at.sensitivities) > 1 else ():
        yield f"  of {name}", share(figure.value), _between(figure, share)
    if at.near is not None:
        yield "within 25 % (share)", share(at.near.value), _between(at.near, share)


def _of_line(at: AssayAtThreshold | None) -> Iterator[tuple[str, str, str]]:
    if at is not None and (line := at.line) is not None:
        yield f"slope, from {line.source}", share(line.slope), _two_deviations(line)


def _two_deviations(line: AssayLine) -> str:
    room = 1.96 * float(line.slope_variance**0.5)
    return f"{line.slope - room:.3f} to {line.slope + room:.3f}"


def _by_threshold(report: AssayReport, *, is_whole: bool) -> AssayTable:
    best = report.at_best
    rows = tuple(_at(one, is_best=one is best) for one in shown_thresholds(report, is_whole))
    return AssayTable("threshold", ("false +", "95 %", "sensitivity", "95 %", "LoD", "95 %"), rows)


def _at(one: AssayAtThreshold, *, is_best: bool) -> tuple[str, ...]:
    false, sensitivity, limit = one.false_positives_per_ul, one.sensitivity, one.lod_per_ul
    return (
        f"{threshold_words(one.threshold)}{f' {BEST}' if is_best else ''}",
        per_ul(false.value),
        _between(false),
        share(sensitivity.value),
        _between(sensitivity, share),
        per_ul(limit.value),
        _between(limit),
    )


def _samples(report: AssayReport) -> AssayTable:
    """A row for each estimate of a sample. Columns of which no sample knows anything are left out."""
    facts: tuple[tuple[str, Callable[[AssayedSample], str]], ...] = (
        ("group", lambda one: one.group),
        ("cells", lambda one: f"{one.cells:,.0f}"),
        ("targets", lambda one: f"{one.targets:,.0f}"),
        ("known", lambda one: "" if one.known_per_ul is None else per_ul(one.known_per_ul)),
    )
    known = [(name, words) for name, words in facts if any(map(words, report.samples))]
    rows = []
    for one in report.samples:
        first = (one.name, *(words(one) for _, words in known))
        for by, figure, _ in estimates(one):
            rows.append((*first, by, with_interval(figure)))
            first = ("",) * len(first)
    return AssayTable("sample", (*(name for name, _ in known), "by", "per µL"), tuple(rows))
