"""The plots of an assay, of one model or of several over each other: limits and errors by threshold, and estimates by
what is known of samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from yogo.assay.views.charts import estimate_of
from yogo.run.assay import AssayAtThreshold, AssayedSample, AssayFigure, AssayReport
from yogo_tui.curves.axes import Axis
from yogo_tui.curves.drawing import Chart, Line, Mark
from yogo_tui.curves.series import Series, Values

SIGNS = ("•", "◇", "▲", "■", "○", "+")
"""Of the samples of each model."""

Value = Callable[[AssayAtThreshold], AssayFigure]


@dataclass(frozen=True, slots=True)
class AssayPlot:
    key: str
    title: str
    value: Value
    unit: str = ""


PLOTS = (
    AssayPlot("lod", "LoD", lambda at: at.lod_per_ul, "per µL"),
    AssayPlot("false_positives", "false positives", lambda at: at.false_positives_per_ul, "per µL"),
    AssayPlot("sensitivity", "sensitivity", lambda at: at.sensitivity),
)


def axes(reports: Iterable[AssayReport]) -> tuple[Axis, ...]:
    """What their plots can be drawn over; estimates need a sample that is known to have targets."""
    has_known = any(_known(one) for report in reports for one in report.samples)
    return (Axis.THRESHOLD, Axis.KNOWN) if has_known else (Axis.THRESHOLD,)


def assay_charts(report: AssayReport, axis: Axis) -> Mapping[str, Chart]:
    """Those of one model, with intervals; by key."""
    if axis is Axis.KNOWN:
        return _with_truth([*_estimates(report)])
    found = {}
    for plot in PLOTS:
        lines = [*_with_interval(plot, report)]
        if plot.key == "sensitivity" and len(report.roles.target) > 1:
            lines[1:] = _of_classes(report)
        if any(line.series.has_values for line in lines):
            found[plot.key] = _chart(plot, lines, _marks(report))
    return found


def charts_together(names: Sequence[str], reports: Sequence[AssayReport | None], axis: Axis) -> Mapping[str, Chart]:
    """Those of several models over each other, without intervals. A model has the same colour in all of them."""
    known = [(number, name, report) for number, (name, report) in enumerate(zip(names, reports, strict=True)) if report]
    if axis is Axis.KNOWN:
        return _with_truth(
            [_scattered(name, number, report, lambda one: estimate_of(one)[1]) for number, name, report in known]
        )
    found = {}
    for plot in PLOTS:
        lines = [_line(name, number, report, _of(plot.value)) for number, name, report in known]
        if any(line.series.has_values for line in lines):
            found[plot.key] = _chart(plot, lines, ())
    return found


def _chart(plot: AssayPlot, lines: Sequence[Line], marks: tuple[Mark, ...]) -> Chart:
    """Per microlitre on a logarithmic scale, unless a figure is 0."""
    values = [line.series.values[at] for line in lines for at in range(len(line.series))]
    is_log = bool(plot.unit) and all(value > 0 for value in values if not math.isnan(value))
    return Chart(plot.title, tuple(lines), marks, is_log, plot.unit, tells_gaps=False)


def _marks(report: AssayReport) -> tuple[Mark, ...]:
    if report.best is None:
        return ()
    at = report.best.threshold
    return (Mark(at, "◆", "best", f"lowest LoD at {at:g}", is_line=True),)


def _of(value: Value, end: str = "value") -> Callable[[AssayAtThreshold], float | None]:
    return lambda at: getattr(value(at), end)


def _with_interval(plot: AssayPlot, report: AssayReport) -> Iterator[Line]:
    """The figure, and the ends of its interval as dotted lines."""
    for name, end in ((plot.title, "value"), ("from", "low"), ("to", "high")):
        line = _line(name, 0, report, _of(plot.value, end), is_dotted=end != "value")
        if end == "value" or line.series.has_values:
            yield line


def _of_classes(report: AssayReport) -> Iterator[Line]:
    for number, name in enumerate(report.roles.target, 1):
        line = _line(name, number, report, lambda at, name=name: _value(at.sensitivities.get(name)))  # type: ignore[misc]
        if line.series.has_values:
            yield line


def _value(figure: AssayFigure | None) -> float | None:
    return figure.value if figure else None


def _line(
    name: str,
    tone: int,
    report: AssayReport,
    value: Callable[[AssayAtThreshold], float | None],
    *,
    is_dotted: bool | None = None,
) -> Line:
    points = sorted((at.threshold, value(at)) for at in report.thresholds if at.threshold > 0)
    series = Series(name, [x for x, _ in points], Values(y for _, y in points))
    return Line(series, tone, tone % 2 == 1 if is_dotted is None else is_dotted)


def _known(one: AssayedSample) -> float:
    """0 where it cannot stand on a logarithmic scale."""
    return one.known_per_ul if one.known_per_ul and one.known_per_ul > 0 else 0.0


def _estimates(report: AssayReport) -> Iterator[Line]:
    ways: tuple[tuple[str, Callable[[AssayedSample], AssayFigure | None]], ...] = (
        ("by counts", lambda one: one.raw_per_ul),
        ("by line", lambda one: one.line_per_ul),
        ("by matrix", lambda one: one.matrix_per_ul),
    )
    for number, (name, of) in enumerate(ways):
        yield _scattered(name, number, report, of)


def _scattered(name: str, tone: int, report: AssayReport, of: Callable[[AssayedSample], AssayFigure | None]) -> Line:
    points = sorted(
        (math.log10(_known(one)), figure.value)
        for one in report.samples
        if _known(one) and (figure := of(one)) is not None and figure.value is not None and figure.value > 0
    )
    series = Series(name, [x for x, _ in points], Values(y for _, y in points))
    return Line(series, tone, sign=SIGNS[tone % len(SIGNS)], is_joined=False)


def _with_truth(lines: Sequence[Line]) -> Mapping[str, Chart]:
    """With the line on which an estimate is what is known."""
    drawn = [line for line in lines if line.series.has_values]
    xs = [x for line in drawn for x in line.series.xs]
    if not xs:
        return {}
    ends = [min(xs) - 0.1, max(xs) + 0.1]
    truth = Line(Series("as known", ends, Values(10**x for x in ends)), len(SIGNS) - 1, is_dotted=True)
    chart = Chart("estimates", (truth, *drawn), is_log=True, unit="per µL", tells_gaps=False)
    return {"estimates": chart}
