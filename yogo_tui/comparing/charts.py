"""The curves of several runs over each other, and all curves of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from yogo_tui.comparing.subject import Subject
from yogo_tui.curves.axes import Axis
from yogo_tui.curves.drawing import Chart, Line
from yogo_tui.curves.record import RunCurves
from yogo_tui.curves.series import Series

_SHOWN = (
    ("validation", "validation loss", "loss", "validation", True),
    ("map", "mAP50", "map", "mAP50", False),
    ("train", "training loss", "loss", "train", True),
)
"""Key and title of each chart, the plot of a run and its curve, and whether the scale is logarithmic."""

SIGNS = ("", "◆", "▲", "■", "○")
"""On the curves of the first two runs, of the next two, and so on: the first of each two is solid, the other dotted."""


def followed(subjects: Sequence[Subject]) -> tuple[RunCurves, ...]:
    """The curves of each run."""
    found = tuple(RunCurves() for _ in subjects)
    for curves, one in zip(found, subjects, strict=True):
        curves.follow(one.read.history)
    return found


def charts(labels: Sequence[str], found: Sequence[RunCurves], axis: Axis) -> Mapping[str, Chart]:
    """Those of which at least one run has a number. A run has the same colour and sign in all of them."""
    by_run = [curves.charts(axis) for curves in found]
    every = {}
    for key, title, plot, name, is_log in _SHOWN:
        lines = tuple(_lines(labels, by_run, plot, name))
        if lines:
            every[key] = Chart(title, lines, is_log=is_log)
    return every


def _lines(labels: Sequence[str], by_run: Sequence[Mapping[str, Chart]], plot: str, name: str) -> Iterator[Line]:
    for number, (label, known) in enumerate(zip(labels, by_run, strict=True)):
        for line in known[plot].lines if plot in known else ():
            if line.series.name == name and line.series.has_values:
                series = Series(label, line.series.xs, line.series.values)
                yield Line(series, number, number % 2 == 1, sign=SIGNS[number // 2 % len(SIGNS)])
