"""Charts laid out on paper, in points: lines and words, which become SVG or PNG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from yogo.text.ticks import linear_ticks, log_ticks, tick_words
from yogo_tui.curves.axes import Axis, x_ticks, x_words
from yogo_tui.curves.drawing import Chart, Line, View
from yogo_tui.curves.series import strokes
from yogo_tui.words import cut_middle

WIDTH, HEIGHT = 640, 300
"""Of a chart."""

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9")
"""Told apart by people who see few colours (Okabe and Ito)."""

INK, FAINT = "#333333", "#dddddd"

_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 22, 46, 36
_COLUMNS = 2 * WIDTH
_DASHES = ((), (7, 4), (2, 3), (10, 3, 2, 3))

Spot = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Stroke:
    points: tuple[Spot, ...]
    colour: str
    width: float = 1.0
    dashes: tuple[float, ...] = ()
    """Lengths of what is drawn and what is left out, in turn; empty for a whole line."""


@dataclass(frozen=True, slots=True)
class Words:
    text: str
    x: float
    y: float
    """Of the line that the letters stand on."""

    anchor: str = "start"
    """start, middle or end: which part of the text is at x."""

    is_bold: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    title: str
    width: float
    height: float
    strokes: tuple[Stroke, ...]
    words: tuple[Words, ...]


def laid_out(chart: Chart, axis: Axis) -> Sheet:
    """The chart as it is on paper."""
    field = _Field(chart, axis)
    made: list[Stroke | Words] = [*field.grid(), *field.curves(), *field.legend()]
    return Sheet(
        chart.title,
        WIDTH,
        HEIGHT,
        tuple(one for one in made if isinstance(one, Stroke)),
        tuple(one for one in made if isinstance(one, Words)),
    )


def sign_of(line: Line) -> tuple[str, tuple[float, ...]]:
    """The colour and the dashes of a line: the first six differ in both, the next ones in their pairing."""
    return COLOURS[line.tone % len(COLOURS)], _DASHES[(line.tone + line.tone // len(COLOURS)) % len(_DASHES)]


class _Field:
    """The scales of a chart. On a logarithmic scale heights are exponents; zero and less is a gap."""

    def __init__(self, chart: Chart, axis: Axis) -> None:
        self._chart, self._axis = chart, axis
        self._first, self._last = View(axis).span(chart.extent)
        self._drawn = [(line, [*self._heights(line)]) for line in chart.lines]
        every = [y for _, curve in self._drawn for stroke in curve for _, y in stroke]
        low, high = (min(every), max(every)) if every else (0.0, 1.0)
        room = (high - low) * 0.04 or abs(high) * 0.05 or 0.5
        self._low, self._high = low - room, high + room

    def _heights(self, line: Line) -> Iterator[list[Spot]]:
        for stroke in strokes(line.series, self._first, self._last, _COLUMNS):
            part: list[Spot] = []
            for x, y in stroke:
                if not self._chart.is_log or y > 0:
                    part.append((x, math.log10(y) if self._chart.is_log else y))
                elif part:
                    yield part
                    part = []
            if part:
                yield part

    def _x(self, x: float) -> float:
        return _LEFT + (x - self._first) / (self._last - self._first) * (WIDTH - _LEFT - _RIGHT)

    def _y(self, height: float) -> float:
        return _TOP + (self._high - height) / (self._high - self._low) * (HEIGHT - _TOP - _BOTTOM)

    def grid(self) -> Iterator[Stroke | Words]:
        right, foot = WIDTH - _RIGHT, HEIGHT - _BOTTOM
        for tick in (log_ticks if self._chart.is_log else linear_ticks)(self._low, self._high, 6):
            yield Stroke(((_LEFT, self._y(tick)), (right, self._y(tick))), FAINT)
            yield Words(tick_words(10**tick if self._chart.is_log else tick), _LEFT - 6, self._y(tick) + 4, "end")
        for tick in x_ticks(self._axis, self._first, self._last, 8):
            yield Stroke(((self._x(tick), foot), (self._x(tick), foot + 4)), INK)
            yield Words(x_words(self._axis, tick, span=self._last), self._x(tick), foot + 16, "middle")
        yield Stroke(((_LEFT, _TOP), (_LEFT, foot), (right, foot)), INK)
        scale = " (logarithmic)" if self._chart.is_log else ""
        unit = f", {self._chart.unit}" if self._chart.unit else ""
        yield Words(f"{self._chart.title}{unit}{scale}", _LEFT, 15, is_bold=True)
        yield Words(str(self._axis), right, HEIGHT - 4, "end")

    def curves(self) -> Iterator[Stroke]:
        for line, curve in self._drawn:
            colour, dashes = sign_of(line)
            for stroke in curve if line.is_joined else [[point] for part in curve for point in part]:
                points = tuple((self._x(x), self._y(y)) for x, y in stroke)
                # A point alone is a short line: it would not be seen otherwise.
                whole = (
                    points if len(points) > 1 else ((points[0][0] - 2, points[0][1]), (points[0][0] + 2, points[0][1]))
                )
                yield Stroke(whole, colour, 1.6, dashes)

    def legend(self) -> Iterator[Stroke | Words]:
        """The name of each line, in the room that there is above the curves."""
        room = (WIDTH - _LEFT - _RIGHT) / max(len(self._chart.lines), 1)
        for number, line in enumerate(self._chart.lines):
            colour, dashes = sign_of(line)
            x = _LEFT + number * room
            yield Stroke(((x, 30.0), (x + 22, 30.0)), colour, 2.2, dashes)
            yield Words(cut_middle(line.series.name, max(3, int((room - 32) / 6.4))), x + 27, 34)


def dashed(stroke: Stroke) -> Iterator[tuple[Spot, ...]]:
    """The parts of a line that are drawn."""
    if not stroke.dashes:
        yield stroke.points
        return
    part, at, left = [stroke.points[0]], 0, stroke.dashes[0]
    for start, end in pairwise(stroke.points):
        length = math.dist(start, end)
        done = 0.0
        while length - done > left:
            done += left
            share = done / length
            corner = start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
            if at % 2 == 0:
                yield (*part, corner)
            part, at = [corner], at + 1
            left = stroke.dashes[at % len(stroke.dashes)]
        left -= length - done
        part.append(end)
    if at % 2 == 0 and len(part) > 1:
        yield tuple(part)


def stacked(sheets: Sequence[Sheet]) -> tuple[float, float]:
    """Width and height of sheets below each other."""
    return max((one.width for one in sheets), default=WIDTH), sum(one.height for one in sheets) or HEIGHT
