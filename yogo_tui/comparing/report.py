"""One HTML file for the lab book: it holds all that it shows, and opens without a network.

What comes from a run is text that somebody wrote: the template escapes all of it, and the file may fetch nothing.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from yogo.distribution import VERSION
from yogo.run.metrics import Metrics
from yogo.run.worst import JudgedBox, Verdict, WorstImage
from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.comparing.comparison import Comparison
from yogo_tui.comparing.differences import facts
from yogo_tui.comparing.plotting import Sheet, laid_out
from yogo_tui.comparing.subject import Subject
from yogo_tui.comparing.svg import as_svg
from yogo_tui.comparing.tables import BY_CLASS, Cell, Table, tables
from yogo_tui.curves.assay import assay_charts, axes
from yogo_tui.curves.axes import Axis

_MOST_IMAGES = 8
"""Of a run, so that a report of several stays small enough for a mail."""

_RIGHT, _WRONG = "#009e73", "#d03020"


@dataclass(frozen=True, slots=True)
class _Matrix:
    title: str
    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """The name of each row, and of each of its cells the count and its class."""


def as_html(of: Comparison, *, made_at: datetime, axis: Axis = Axis.EPOCH) -> str:
    """The report of a comparison, or of one run."""
    import jinja2
    from markupsafe import Markup

    is_one = len(of.subjects) == 1
    sheets = [*(_of_one(of, axis) if is_one else of.sheets(axis))]
    known_tables = [one for one in tables(of) if not is_one or one.is_numbers]
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("yogo_tui.comparing", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else _harmless(str(value)),
    )
    return environment.get_template("report.html").render(
        title=of.labels[0] if is_one else f"Comparison of {', '.join(of.labels)}",
        made=f"Made by yogo-tui {VERSION} on {made_at:%Y-%m-%d at %H:%M %Z}".rstrip() + ".",
        tables=[one for one in known_tables if one.title != BY_CLASS],
        by_class=[one for one in known_tables if one.title == BY_CLASS],
        notes=() if is_one else of.notes,
        charts=[Markup(as_svg([sheet])) for sheet in sheets],
        runs=[_run(one, Markup) for one in of.subjects],
    )


def _of_one(of: Comparison, axis: Axis) -> Iterator[Sheet]:
    """All curves of the one run, then the plots of its assay, with intervals."""
    yield from (laid_out(chart, axis) for chart in of.curves[0].charts(axis).values())
    if report := of.assays.reports[0]:
        for over in axes([report]):
            yield from (laid_out(chart, over) for chart in assay_charts(report, over).values())


def _harmless(text: str) -> str:
    """The text without control characters, other than the ends of lines, and without what is no UTF-8."""
    return "\n".join(printable(line.expandtabs()) for line in text.split("\n"))


def _run(one: Subject, markup: type[Any]) -> dict[str, Any]:
    run = one.run
    worst = one.read.worst
    return {
        "label": one.label,
        "state": run.state.value,
        "why": run.why,
        "note": " · ".join(filter(None, (run.note, " ".join(run.tags)))),
        "doubts": run.doubts,
        "tables": [_recorded(one), *([] if not run.path else [_where(one)])],
        "matrices": [*_matrices(one)],
        "images": [
            {"drawing": markup(_drawn(image)), "words": _image_words(image)}
            for image in (worst.images[:_MOST_IMAGES] if worst else ())
            if image.thumbnail
        ],
        "script": one.read.script,
    }


def _recorded(one: Subject) -> Table:
    rows = tuple((row.label, (Cell(row.values[0]),)) for row in facts((one,)))
    return Table("recipe, data and versions", ("", "value"), rows)


def _where(one: Subject) -> Table:
    digests = [(f"SHA-256 of the {part} data", data.digest) for part, data in one.read.data.items()]
    weights = one.run.result.best_sha256 if one.run.result else None
    command = " ".join(one.run.manifest.command) if one.run.manifest else ""
    rows = [
        ("folder", str(one.run.path)),
        ("definition", one.run.definition),
        ("command", command),
        *digests,
        ("SHA-256 of best.pth", weights or ""),
    ]
    return Table("fingerprints", ("", "value"), tuple((name, (Cell(text),)) for name, text in rows if text))


def _matrices(one: Subject) -> Iterator[_Matrix]:
    worst = one.read.worst
    if worst and worst.metrics:
        yield _matrix("confusion on the validation images", worst.metrics)
    if one.read.metrics:
        yield _matrix("confusion on the test images", one.read.metrics)


def _matrix(title: str, metrics: Metrics) -> _Matrix:
    names = metrics.names
    rows = tuple(
        (
            names[row] if row < len(names) else "",
            tuple((f"{count:,}", _kind(row, column, count)) for column, count in enumerate(counts)),
        )
        for row, counts in enumerate(metrics.confusion)
    )
    return _Matrix(title, names, rows)


def _kind(row: int, column: int, count: int) -> str:
    return "" if not count else "right" if row == column else "wrong"


def _drawn(image: WorstImage) -> str:
    """The small image with its boxes, as SVG around a JPEG."""
    width, height = jpeg_size(image.thumbnail)
    data = base64.b64encode(image.thumbnail).decode()
    boxes = [_box(one, width, height, "") for one in image.labels]
    boxes += [_box(one, width, height, ' stroke-dasharray="4 3"') for one in image.predictions]
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img"><title>{escape(printable(image.image))}</title>'
        f'<image href="data:image/jpeg;base64,{data}" width="{width}" height="{height}"/>{"".join(boxes)}</svg>'
    )


def _box(one: JudgedBox, width: int, height: int, dashes: str) -> str:
    x0, y0, x1, y1 = one.box
    colour = _RIGHT if one.verdict is Verdict.FOUND else _WRONG
    return (
        f'<rect x="{x0 * width:.1f}" y="{y0 * height:.1f}" width="{max(0.0, x1 - x0) * width:.1f}" '
        f'height="{max(0.0, y1 - y0) * height:.1f}" fill="none" stroke="{colour}"{dashes}/>'
    )


def _image_words(image: WorstImage) -> str:
    name = image.image.rpartition("/")[2]
    wrong = f"{image.missed} missed, {image.false} false, {image.confused} of another class"
    return f"{name}: {wrong}; {counted(image.num_labels, 'label')}"


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height of a JPEG, of its first frame header; of what is none, (1, 1)."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width or 1, height or 1
        at += 2 + length
    return 1, 1
