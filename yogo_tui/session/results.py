"""What a run's best.pth finds and misses, for the results' screen and their command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from yogo.errors import RunError
from yogo.run.figures import METRICS, Metric
from yogo.run.metrics import Metrics
from yogo_tui.advice import tui
from yogo_tui.hosts.base import Host
from yogo_tui.questions.images import Rgb, SmallImage
from yogo_tui.questions.results import LookAtWorst, ReadAssay, ReadResults, ResultSet
from yogo_tui.runs.model import Run
from yogo_tui.session.mending import KINDS, MENDING_TERM

COUNTS = (
    ("labels", "How many cells of this class people have labelled."),
    ("found", "How many boxes were predicted as this class."),
)

MATRIX_TERMS = (
    ("row", "The cells that people have labelled as this class: where each of them was found."),
    (
        "column",
        "The boxes that were predicted as this class: what each of them is. Where names would not have room, the "
        "columns have the numbers of the rows.",
    ),
    ("missed", "Cells of the row's class that no box overlaps by half or more. Less is better."),
    ("false", "Boxes of the column's class where nobody has labelled a cell. Less is better."),
    (
        "shares",
        "s shows each count as a share of its row, from 0 to 1. On the diagonal more is better, elsewhere less.",
    ),
)

_BETTER = {"more": "More is better.", "less": "Less is better.", "zero": "Nearer to 0 is better."}

NONE_KEPT = "The worst of these images were not kept. A test keeps them: press u, or"


class Results:
    def __init__(self, host: Host) -> None:
        self._host = host

    async def read(self, run: Run) -> tuple[ResultSet, ...]:
        """On its validation images, on its test images, and by each later test. Raises RunError if there is nothing,
        HostError."""
        if run.path is None:
            raise RunError(f"{run.name} is {run.of_job}, not a run: it has no results.")
        found = await self._host.ask(ReadResults(Path(run.path)))
        if not found:
            raise RunError(
                f"{run.name} has no results: its trainer writes them at its end. "
                f"Once it has a best.pth, this makes some: {tui()} test {run.name}"
            )
        return found

    async def assay(self, file: Path) -> ResultSet:
        """What `yogo assay` has kept in a file. Raises HostError."""
        return await self._host.ask(ReadAssay(file))

    async def look(
        self, found: ResultSet, position: int, pixels: tuple[int, int], colours: tuple[Rgb, ...], *, only_wrong: bool
    ) -> SmallImage:
        """One of its worst images, within so many columns and rows of pixels. Raises RunError, HostError."""
        assert found.worst_file is not None
        return await self._host.ask(LookAtWorst(found.worst_file, position, *pixels, colours, only_wrong))


def terms() -> tuple[tuple[str, str], ...]:
    """Each column of the table and each part of the matrix, with a sentence about it."""
    return (
        *MATRIX_TERMS,
        *COUNTS,
        *((one.heading, f"{one.about} {_BETTER[one.better]}") for one in METRICS if one.about),
        MENDING_TERM,
        *((f"{name} gain", about) for name, about in KINDS),
    )


def table(metrics: Metrics) -> tuple[list[str], list[list[str]]]:
    """The columns, and a row for each class and one for all of them."""
    known = [one for one in METRICS if any(key in metrics.figures for key in _keys(one, metrics))]
    head = ["class", *(name for name, _ in COUNTS), *(one.heading for one in known)]
    rows = [[name, *_counts(metrics, place), *_row(metrics, known, name)] for place, name in enumerate(metrics.classes)]
    figures = [_figure(one, metrics.figures.get(one.key)) for one in known]
    return head, [*rows, ["all", str(metrics.num_objects), str(metrics.num_boxes), *figures]]


def _keys(metric: Metric, metrics: Metrics) -> Iterator[str]:
    yield metric.key
    yield from map(metric.key_of, metrics.classes)


def _row(metrics: Metrics, known: list[Metric], name: str) -> Iterator[str]:
    for one in known:
        yield _figure(one, metrics.figures.get(one.key_of(name))) if one.per_class else ""


def _counts(metrics: Metrics, place: int) -> tuple[str, str]:
    """Of a class: labels and predictions. A matrix without the background does not tell."""
    matrix = metrics.confusion
    if len(matrix) <= len(metrics.classes):
        return "", ""
    return str(sum(matrix[place])), str(sum(row[place] for row in matrix))


def _figure(metric: Metric, value: float | None) -> str:
    if value is None:
        return "–"
    if metric.unit == "share":
        return f"{value:.3f}"
    return {"±cells": f"{value:+.2f}", "per_ul": f"{value:,.0f}"}.get(metric.unit, f"{value:.2f}")
