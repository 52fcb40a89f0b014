"""An assay's report as lines of 80 columns: samples, thresholds, and what they say in sentences."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from yogo.assay.views.charts import charts_of
from yogo.assay.views.numbers import NOTHING, per_ul, share, short_per_ul, with_interval
from yogo.assay.views.plot_lines import plot_lines
from yogo.assay.views.sentences import about_roles, sentences_of
from yogo.run.assay import AssayAtThreshold, AssayedSample, AssayFigure, AssayReport, PublishedEstimate
from yogo.text.terminal import printable

WIDTH = 80
_WIDEST_NAME = 16
_PAIRS = (("counts", "raw", "raw_per_ul"), ("line", "line", "line_per_ul"), ("matrix", "matrix", "matrix_per_ul"))
"""What each estimate is called, its key in the published ones, and its field."""


def report_lines(report: AssayReport, *, all_thresholds: bool = False) -> Iterator[str]:
    """Names in them are safe for a terminal."""
    yield from _wrapped(about_roles(report))
    for part in (_samples(report.samples), _published(report.samples), _thresholds(report, all_thresholds)):
        if lines := list(part):
            yield ""
            yield from lines
    for chart in charts_of(report):
        yield ""
        yield from plot_lines(chart, width=WIDTH)
    yield ""
    for sentence in sentences_of(report):
        yield from _wrapped(sentence)


def estimates(sample: AssayedSample) -> Iterator[tuple[str, AssayFigure, PublishedEstimate | None]]:
    """What it is called, ours, and as published."""
    for name, key, field in _PAIRS:
        figure: AssayFigure | None = getattr(sample, field)
        if figure is not None:
            yield name, figure, sample.published.get(key)


def shown_thresholds(report: AssayReport, all_thresholds: bool) -> list[AssayAtThreshold]:
    """Each twentieth, the highest and the best one."""
    best = report.best.threshold if report.best else None
    last = max((one.threshold for one in report.thresholds), default=0.0)

    def is_shown(at: float) -> bool:
        is_round = abs(at * 20 - round(at * 20)) < 1e-6
        return is_round or at == last or (best is not None and abs(at - best) < 1e-9)

    return [one for one in report.thresholds if all_thresholds or is_shown(one.threshold)]


def half_width(one: PublishedEstimate | None) -> str:
    if one is None:
        return NOTHING
    return f"{per_ul(one.per_ul)} ± {NOTHING if one.half_width is None else per_ul(one.half_width)}"


def _samples(samples: Sequence[AssayedSample]) -> Iterator[str]:
    yield from _wrapped(counted_at(samples))
    yield from sample_lines(samples)


def counted_at(samples: Sequence[AssayedSample]) -> str:
    """Which boxes are counted in them."""
    if not samples:
        return ""
    above = f"above {samples[0].threshold:g}" if samples[0].threshold else "as inference keeps them, of any probability"
    matrix = "; the matrix corrects those of any probability" if any(one.matrix_per_ul for one in samples) else ""
    return f"Samples: boxes {above} are counted{matrix}."


def sample_lines(samples: Sequence[AssayedSample]) -> Iterator[str]:
    """A line for each estimate of a sample."""
    if not samples:
        return
    width = _name_width(samples)
    yield f"{'sample':<{width}}  {'cells':>9}  {'targets':>7}  {'known':>6}  {'by':<6}  per µL"
    for one in samples:
        facts = f"{_name(one, width)}  {one.cells:>9,.0f}  {one.targets:>7,.0f}  {per_ul(one.known_per_ul):>6}"
        for name, figure, _ in estimates(one):
            yield f"{facts}  {name:<6}  {with_interval(figure)}"
            facts = " " * len(facts)


def _published(samples: Sequence[AssayedSample]) -> Iterator[str]:
    if not any(one.published for one in samples):
        return
    width = _name_width(samples)
    yield "As published code reports the same samples, with its half-width:"
    shown = {name: key for name, key, _ in _PAIRS if any(key in one.published for one in samples)}
    yield f"{'sample':<{width}}" + "".join(f"  {name:>15}" for name in shown)
    for one in samples:
        yield _name(one, width) + "".join(f"  {half_width(one.published.get(key)):>15}" for key in shown.values())


def _thresholds(report: AssayReport, all_thresholds: bool) -> Iterator[str]:
    if not report.thresholds:
        return
    rows = [
        (
            f"{'*' if report.best and abs(one.threshold - report.best.threshold) < 1e-9 else ' '} {one.threshold:.2f}",
            with_interval(one.false_positives_per_ul, short_per_ul),
            with_interval(one.sensitivity, share),
            with_interval(one.lod_per_ul, short_per_ul),
        )
        for one in shown_thresholds(report, all_thresholds)
    ]
    head = ("  above", "false positives per µL", "sensitivity", "LoD per µL")
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(4)]
    for row in [head, *rows]:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
    if report.best:
        chosen = report.best
        between = (
            "" if chosen.low is None or chosen.high is None else f", chosen between {chosen.low:g} and {chosen.high:g}"
        )
        yield f"* the best threshold{between}" if report.chosen_here else "* the threshold of the checkpoint"


def _name_width(samples: Sequence[AssayedSample]) -> int:
    return min(max(len("sample"), *(len(printable(one.name)) for one in samples)), _WIDEST_NAME)


def _name(sample: AssayedSample, width: int) -> str:
    name = printable(sample.name)
    return f"{name if len(name) <= width else f'{name[: width - 1]}…':<{width}}"


def _wrapped(sentence: str) -> list[str]:
    return textwrap.wrap(printable(sentence), WIDTH, break_on_hyphens=False)
