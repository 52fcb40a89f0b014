"""An assay's report as one page: text, tables and drawings, nothing that is fetched and nothing that runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from yogo.assay.views.chart_svg import chart_svg
from yogo.assay.views.charts import charts_of
from yogo.assay.views.numbers import NOTHING, per_ul, share, with_interval
from yogo.assay.views.report_lines import counted_at, estimates, half_width
from yogo.assay.views.sentences import about_roles, sentences_of
from yogo.run.assay import AssayAtThreshold, AssayFigure, AssayReport
from yogo.text.terminal import printable
from yogo.text.wording import counted

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; color: #222; background: #fff; max-width: 1080px;
  margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; border-bottom: 1px solid #ccc; }
p, li { max-width: 75ch; overflow-wrap: anywhere; }
.muted { color: #666; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #e5e5e5; white-space: nowrap; }
tbody th, thead th:first-child { text-align: left; }
tr.best { font-weight: 700; background: #e7f3ee; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 1rem; }
.charts svg { width: 100%; height: auto; display: block; }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } .charts > *, tr { break-inside: avoid; } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def report_html(report: AssayReport, title: str, facts: Sequence[str]) -> str:
    """`facts` are sentences on what was measured, and with what."""
    return "".join(_page(report, title, facts))


def _page(report: AssayReport, title: str, facts: Sequence[str]) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
    yield f"<title>{_safe(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{_safe(title)}</h1>\n"
    yield from _sentences([*facts, about_roles(report)], muted=True)
    yield "<h2>What it says</h2>\n"
    yield from _sentences(sentences_of(report))
    if charts := charts_of(report):
        yield '<h2>Plots</h2>\n<div class="charts">'
        yield from (f"<div>{chart_svg(one)}</div>" for one in charts)
        yield "</div>\n"
    for part in (_samples(report), _thresholds(report), _matrix(report)):
        yield from part
    yield "</body>\n</html>\n"


def _samples(report: AssayReport) -> Iterator[str]:
    if not report.samples:
        return
    yield "<h2>Samples, per µL</h2>\n"
    yield from _sentences(
        [counted_at(report.samples), "As published is what published code reports of the same counts."]
    )
    head = ("sample", "images", "cells", "targets", "known", "by", "ours", "per cent", "as published")
    rows, scale = [], report.roles.per_microlitre
    for one in report.samples:
        facts = (one.name, f"{one.num_images:,}", f"{one.cells:,.0f}", f"{one.targets:,.0f}", per_ul(one.known_per_ul))
        for name, figure, published in estimates(one):
            part = NOTHING if figure.value is None else f"{100 * figure.value / scale:.3g} %"
            rows.append(("", (*facts, name, with_interval(figure), part, half_width(published))))
            facts = ("", "", "", "", "")
    yield from _table(head, rows)
    yield "<h2>Counts of the samples</h2>\n"
    counts = [
        ("", (one.name, *(f"{one.counts.get(name, 0):,.0f}" for name in report.classes))) for one in report.samples
    ]
    yield from _table(("sample", *report.classes), counts)


def _thresholds(report: AssayReport) -> Iterator[str]:
    if not report.thresholds:
        return
    yield "<h2>Thresholds of the class probability</h2>\n"
    names = [name for name in report.roles.target if any(name in one.sensitivities for one in report.thresholds)]
    head = ["above", "false positives per µL", "spread", "sensitivity", *(f"of {name}" for name in names)]
    head += ["LoB per µL", "LoD per µL", "slope", "background per µL"]
    best = report.best.threshold if report.best else None
    rows = [
        ("best" if best is not None and abs(one.threshold - best) < 1e-9 else "", _threshold(one, names, report))
        for one in report.thresholds
    ]
    yield from _table(head, rows)


def _threshold(one: AssayAtThreshold, names: Sequence[str], report: AssayReport) -> tuple[str, ...]:
    line = one.line
    return (
        f"{one.threshold:.2f}",
        with_interval(one.false_positives_per_ul),
        per_ul(one.spread_per_ul),
        with_interval(one.sensitivity, share),
        *(with_interval(one.sensitivities.get(name, AssayFigure()), share) for name in names),
        per_ul(one.lob_per_ul),
        with_interval(one.lod_per_ul),
        share(line.slope) if line else NOTHING,
        per_ul(line.intercept * report.roles.per_microlitre) if line else NOTHING,
    )


def _matrix(report: AssayReport) -> Iterator[str]:
    if report.correction is None or report.correction.matrix is None:
        return
    parts = counted(len(report.correction.inverses), "part")
    yield f"<h2>Confusion matrix</h2>\n<p>A row is the label, a column the prediction; the mean of {parts}.</p>\n"
    rows = [
        ("", (name, *(f"{value:.4f}" for value in row)))
        for name, row in zip(report.classes, report.correction.matrix, strict=True)
    ]
    yield from _table(("", *report.classes), rows)


def _table(head: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> Iterator[str]:
    """Each row with its kind; the first cell heads it."""
    heads = "".join(f'<th scope="col">{_safe(one)}</th>' for one in head)
    yield f'<div class="wide"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>'
    for kind, (first, *cells) in rows:
        inside = "".join(f"<td>{_safe(one)}</td>" for one in cells)
        yield f'<tr class="{kind}"><th scope="row">{_safe(first)}</th>{inside}</tr>\n'
    yield "</tbody></table></div>\n"


def _sentences(sentences: Sequence[str] | Iterator[str], *, muted: bool = False) -> Iterator[str]:
    kind = ' class="muted"' if muted else ""
    yield from (f"<p{kind}>{_safe(one)}</p>\n" for one in sentences)


def _safe(text: str) -> str:
    return escape(printable(text))
