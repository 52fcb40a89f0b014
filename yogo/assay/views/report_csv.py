"""An assay's report as two tables of comma-separated values: a row a sample, a row a threshold."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from yogo.files.atomic import write_atomically
from yogo.run.assay import AssayAtThreshold, AssayedSample, AssayFigure, AssayReport

SAMPLES, THRESHOLDS = "samples.csv", "thresholds.csv"
Cells = dict[str, object]


def write_tables(report: AssayReport, folder: Path) -> tuple[Path, Path]:
    """Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = ((SAMPLES, samples_csv(report)), (THRESHOLDS, thresholds_csv(report)))
    for name, text in parts:
        write_atomically(folder / name, text)
    return folder / SAMPLES, folder / THRESHOLDS


def samples_csv(report: AssayReport) -> str:
    return table_text([dict(_sample(one, report)) for one in report.samples])


def thresholds_csv(report: AssayReport) -> str:
    return table_text([dict(_threshold(one, report)) for one in report.thresholds])


def _sample(one: AssayedSample, report: AssayReport) -> Iterator[tuple[str, object]]:
    yield from (("sample", one.name), ("group", one.group), ("num_images", one.num_images))
    yield "threshold", one.threshold
    yield from ((f"count_{name}", one.counts.get(name)) for name in report.classes)
    yield from (("cells", one.cells), ("targets", one.targets), ("known_per_ul", one.known_per_ul))
    for name, figure in (("raw", one.raw_per_ul), ("line", one.line_per_ul), ("matrix", one.matrix_per_ul)):
        yield from figure_cells(f"{name}_per_ul", figure or AssayFigure())
        yield from percent_cells(name, figure or AssayFigure(), report.roles.per_microlitre)
        published = one.published.get(name)
        yield f"published_{name}_per_ul", published and published.per_ul
        yield f"published_{name}_half_width", published and published.half_width


def _threshold(one: AssayAtThreshold, report: AssayReport) -> Iterator[tuple[str, object]]:
    yield "threshold", one.threshold
    yield "is_best", bool(report.best and abs(report.best.threshold - one.threshold) < 1e-9)
    yield from figure_cells("false_positives_per_ul", one.false_positives_per_ul)
    yield "spread_per_ul", one.spread_per_ul
    yield from figure_cells("sensitivity", one.sensitivity)
    for name in report.roles.target:
        yield from figure_cells(f"sensitivity_{name}", one.sensitivities.get(name, AssayFigure()))
    yield "lob_per_ul", one.lob_per_ul
    yield from figure_cells("lod_per_ul", one.lod_per_ul)
    for name in ("slope", "intercept", "slope_variance", "intercept_variance", "covariance", "source"):
        yield f"line_{name}", one.line and getattr(one.line, name)
    yield "bend_deviations", one.bend
    yield from figure_cells("near", one.near or AssayFigure())


def percent_cells(name: str, figure: AssayFigure, per_microlitre: float) -> Iterator[tuple[str, object]]:
    """The same figure as a part of the cells."""
    for end, value in (("", figure.value), ("_low", figure.low), ("_high", figure.high)):
        yield f"{name}_percent{end}", None if value is None else 100 * value / per_microlitre


def figure_cells(name: str, figure: AssayFigure) -> Iterator[tuple[str, object]]:
    yield from ((name, figure.value), (f"{name}_low", figure.low), (f"{name}_high", figure.high))
    yield f"{name}_is_open", figure.is_open


def table_text(rows: Sequence[Cells]) -> str:
    """Numbers in full; nothing where there is none. Without a row it is empty."""
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    return repr(value) if isinstance(value, float) else value
