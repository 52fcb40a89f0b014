"""Draws a chart as lines of text: curves in braille, dim axes, marks, and a crosshair."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from yogo.text.canvas import Canvas, Row, TextSpan
from yogo.text.ticks import linear_ticks, log_ticks, tick_words
from yogo_tui.curves.axes import Axis, x_ticks, x_words
from yogo_tui.curves.series import Series, strokes

MARGIN = 8
"""Columns left of the plot, for the labels of the y axis."""

SMOOTHINGS = (0.0, 0.02, 0.05, 0.15)
"""Shares of a curve's points that a key smooths over, in turn."""

MARKS = "On the plots: ◆ best epoch · ✖ NaN · ▴ best.pth saved · ↻ resumed · ↓ learning rate fell · ! diverges"

_NARROWEST = 1e-4
"""Share of all x's that a zoom shows at least."""

_SIGN_EVERY = 12
"""Columns between two signs on a curve."""

_EDGE = 0.04
"""Room above and below the curves, as a share of the height."""


@dataclass(frozen=True, slots=True)
class Line:
    """A curve as it is drawn."""

    series: Series
    tone: int = 0
    """Number of its colour."""

    is_dotted: bool = False
    """The second sign, besides the colour."""

    has_points: bool = False
    """Whether each of its points is marked, where they are far enough apart."""

    sign: str = ""
    """Stands on the curve here and there, where more curves than two must be told apart; empty for none."""

    is_joined: bool = True
    """Else only its points are drawn, each as its sign."""

    @property
    def key(self) -> str:
        """How it is drawn, for a legend."""
        return f"{'┄┄' if self.is_dotted else '──'}{self.sign}" if self.is_joined else self.sign


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on the x axis to which something belongs."""

    x: float
    sign: str
    kind: str
    """Such as "best": names the colour."""

    words: str
    y: float | None = None
    """Where it is if it lies on a curve; None for a line over the whole height, or a sign at the foot."""

    is_line: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Some curves over one pair of axes."""

    title: str
    lines: tuple[Line, ...]
    marks: tuple[Mark, ...] = ()
    is_log: bool = False
    unit: str = ""
    tells_gaps: bool = True
    """Whether a sign at the foot says where a number is NaN."""

    @property
    def heading(self) -> str:
        """Its title with its scale and its unit, such as "loss (log)"."""
        about = " · ".join(filter(None, ("log" if self.is_log else "", self.unit)))
        return f"{self.title} ({about})" if about else self.title

    @property
    def extent(self) -> tuple[float, float]:
        """The first and the last x of all curves."""
        known = [line.series for line in self.lines if len(line.series)]
        return (
            min((series.xs[0] for series in known), default=0.0),
            max((series.xs[len(series) - 1] for series in known), default=0.0),
        )


@dataclass(frozen=True, slots=True)
class View:
    """Which part of a chart is shown, and how."""

    axis: Axis = Axis.EPOCH
    window: tuple[float, float] | None = None
    """The first and the last x; None shows all, new ones included."""

    smoothing: float = 0.0
    """Share of a curve's points that each of its points is the mean of."""

    cursor: float | None = None
    """Where the crosshair is; None if there is none."""

    def window_of(self, series: Series) -> int:
        """How many points of a curve are smoothed over; 1 if it is drawn as it is."""
        window = round(self.smoothing * len(series))
        return window if window >= 3 else 1

    def span(self, whole: tuple[float, float]) -> tuple[float, float]:
        """What is shown of `whole`; what is told of a training begins at 0 unless it is below."""
        first, last = min(0.0, whole[0]) if self.axis.begins_at_zero else whole[0], whole[1]
        return self.window or (first, last if last > first else first + 1.0)

    def zoomed(self, factor: float, whole: tuple[float, float]) -> View:
        """Show `factor` times as much, around the crosshair or the middle."""
        first, last = self.span(whole)
        start, end = replace(self, window=None).span(whole)
        width = max((end - start) * _NARROWEST, (last - first) * factor)
        if width >= end - start:
            return replace(self, window=None)
        centre = self.cursor if self.cursor is not None else (first + last) / 2
        begin = centre - (centre - first) * width / (last - first) if last > first else start
        return replace(self, window=_within(begin, width, start, end))

    def panned(self, share: float, whole: tuple[float, float]) -> View:
        """Show what is `share` of the shown width further on."""
        if self.window is None:
            return self
        first, last = self.window
        start, end = replace(self, window=None).span(whole)
        return replace(self, window=_within(first + share * (last - first), last - first, start, end))

    def pointed(self, share: float, whole: tuple[float, float]) -> View:
        """Move the crosshair by `share` of the shown width; where it leaves that, the view goes with it."""
        first, last = self.span(whole)
        x = (first + last) / 2 if self.cursor is None else self.cursor + share * (last - first)
        return self.pointed_at(x, whole)

    def pointed_at(self, x: float, whole: tuple[float, float]) -> View:
        """Move the crosshair to `x`; where that is not shown, the view goes with it."""
        first, last = self.span(whole)
        start, end = replace(self, window=None).span(whole)
        x = min(max(x, start), end)
        moved = replace(self, cursor=x)
        if x < first or x > last:
            moved = moved.panned((x - first) / (last - first) if x < first else (x - last) / (last - first), whole)
        return moved


def _within(begin: float, width: float, start: float, end: float) -> tuple[float, float]:
    begin = min(max(start, begin), max(start, end - width))
    return begin, begin + width


def draw(chart: Chart, view: View, *, width: int, height: int, whole: tuple[float, float] | None = None) -> list[Row]:
    """`height` rows of `width` columns, the last one the x axis. `whole` is the extent of all x's if other curves are
    shown beside these."""
    rows = draw_curves(chart, view, width=width, height=height, whole=whole)
    return with_crosshair(rows, view, width=width, whole=whole or chart.extent)


def draw_curves(
    chart: Chart, view: View, *, width: int, height: int, whole: tuple[float, float] | None = None
) -> list[Row]:
    """The rows without the crosshair, which moves more often than they change."""
    canvas = Canvas(max(width - MARGIN - 1, 2), max(height - 1, 1))
    field = _Field(chart, view, view.span(whole or chart.extent), canvas)
    field.draw()
    labels = field.labels()
    rows = [
        (TextSpan(f"{labels.get(row, ''):>{MARGIN - 1}} {'┤' if row in labels else '│'}", "axis"), *pieces)
        for row, pieces in enumerate(canvas.rows())
    ]
    return [*rows, (TextSpan(f"{'':>{MARGIN}}└{field.axis()}", "axis"),)]


def with_crosshair(rows: list[Row], view: View, *, width: int, whole: tuple[float, float]) -> list[Row]:
    """The rows with the crosshair where nothing is drawn but the lines of marks."""
    first, last = view.span(whole)
    if view.cursor is None or not first <= view.cursor <= last:
        return rows
    columns = max(width - MARGIN - 1, 2)
    column = min(round((view.cursor - first) / (last - first) * (2 * columns - 1)) // 2, columns - 1)
    return [*(_crossed(row, MARGIN + 1 + column) for row in rows[:-1]), rows[-1]]


def _crossed(row: Row, column: int) -> Row:
    pieces, start = list[TextSpan](), 0
    for piece in row:
        at, text = column - start, piece.text
        if 0 <= at < len(text) and text[at] in " ┊":
            parts = TextSpan(text[:at], piece.kind), TextSpan("│", "cursor"), TextSpan(text[at + 1 :], piece.kind)
            pieces += (part for part in parts if part.text)
        else:
            pieces.append(piece)
        start += len(text)
    return tuple(pieces)


class _Field:
    """The canvas of a chart with its scales."""

    def __init__(self, chart: Chart, view: View, span: tuple[float, float], canvas: Canvas) -> None:
        self.chart, self.view, self.canvas = chart, view, canvas
        self.first, self.last = span
        self._curves = [(line, [*self._heights(line, 1)]) for line in chart.lines]
        heights = [
            y for _, curve in self._curves for stroke in curve for x, y in stroke if self.first <= x <= self.last
        ]
        low, high = (min(heights), max(heights)) if heights else (0.0, 1.0)
        room = (high - low) * _EDGE or (0.05 if chart.is_log else abs(high) * 0.05 or 1.0)
        self.low, self.high = low - room, high + room
        if low == high == 0 and not chart.is_log:  # nothing that is drawn so can be below 0
            self.low = -_EDGE
        self.is_empty = not heights

    def _heights(self, line: Line, window: int) -> Iterator[list[tuple[float, float]]]:
        """The curve with y's as heights: logarithms on a logarithmic scale, where zero and less is a gap."""
        for stroke in strokes(line.series, self.first, self.last, self.canvas.dots[0], window):
            if not self.chart.is_log:
                yield stroke
                continue
            part: list[tuple[float, float]] = []
            for x, y in stroke:
                if y > 0:
                    part.append((x, math.log10(y)))
                elif part:
                    yield part
                    part = []
            if part:
                yield part

    def draw(self) -> None:
        windows = [self.view.window_of(line.series) for line, _ in self._curves]
        for (line, curve), window in zip(self._curves, windows, strict=True):
            if window > 1:
                self._trace(curve, "behind", line.is_dotted)
        for (line, raw), window in zip(self._curves, windows, strict=True):
            if not line.is_joined:
                self._scatter(raw, f"curve-{line.tone}", line.sign)
                continue
            curve = raw if window == 1 else [*self._heights(line, window)]
            self._trace(curve, f"curve-{line.tone}", line.is_dotted, hides="behind")
            if line.sign:
                self._signs(curve, f"curve-{line.tone}", line.sign)
            if line.has_points and window == 1:
                self._points(curve, f"curve-{line.tone}")
        for line in self.chart.lines if self.chart.tells_gaps else ():
            self._gaps(line.series)
        for mark in self.chart.marks:
            self._mark(mark)

    def _trace(
        self, curve: Sequence[Sequence[tuple[float, float]]], kind: str, is_dotted: bool, hides: str = ""
    ) -> None:
        columns, rows = self.canvas.dots
        for stroke in curve:
            dots = [(self._across(x) * (columns - 1), self._down(y) * (rows - 1)) for x, y in stroke]
            self.canvas.line(dots, kind, is_dotted=is_dotted, hides=hides)

    def _signs(self, curve: Sequence[Sequence[tuple[float, float]]], kind: str, sign: str) -> None:
        """Put the curve's own sign on it, every so many columns: it is told from others without colours."""
        for column in range(_SIGN_EVERY // 2, self.canvas.width, _SIGN_EVERY):
            x = self.first + (self.last - self.first) * column / max(1, self.canvas.width - 1)
            for stroke in curve:
                for (x0, y0), (x1, y1) in pairwise(stroke):
                    if x0 <= x <= x1:
                        y = y0 + (y1 - y0) * (x - x0) / (x1 - x0) if x1 > x0 else y0
                        self.canvas.sign(column, self._row(y), sign, kind)
                        break

    def _points(self, curve: Sequence[Sequence[tuple[float, float]]], kind: str) -> None:
        """Mark the points of a curve that has room between them."""
        if sum(map(len, curve)) * 3 <= self.canvas.width:
            self._scatter(curve, kind, "•")

    def _scatter(self, curve: Sequence[Sequence[tuple[float, float]]], kind: str, sign: str) -> None:
        for x, y in (point for stroke in curve for point in stroke):
            self.canvas.sign(self._column(x), self._row(y), sign, kind)

    def _gaps(self, series: Series) -> None:
        """A sign at the foot of each column in which a number is NaN."""
        size, columns = len(series), self.canvas.width
        for column in range(columns if size and series.values.over(0, size).count < size else 0):
            width = (self.last - self.first) / columns
            near = series.nearest(self.first + width * (column + 0.5))
            if near is None:
                continue
            begin = self.first + width * column
            start = near
            while start > 0 and series.xs[start - 1] >= begin and near - start < columns:
                start -= 1
            stop = near + 1
            while stop < size and series.xs[stop] < begin + width and stop - near < columns:
                stop += 1
            inside = [i for i in range(start, stop) if begin <= series.xs[i] <= begin + width]
            if any(math.isnan(series.values[index]) for index in inside):
                self.canvas.sign(column, self.canvas.height - 1, "✖", "gap")

    def _mark(self, mark: Mark) -> None:
        if not self.first <= mark.x <= self.last:
            return
        column = self._column(mark.x)
        if mark.y is not None:
            height = self._height(mark.y)
            if height is not None and self.low <= height <= self.high:
                self.canvas.sign(column, self._row(height), mark.sign, mark.kind)
            return
        if mark.is_line:
            for row in range(1, self.canvas.height):
                self.canvas.sign(column, row, "┊", "axis", is_behind=True)
        self.canvas.sign(column, 0 if mark.is_line else self.canvas.height - 1, mark.sign, mark.kind)

    def _height(self, y: float) -> float | None:
        if not self.chart.is_log:
            return y
        return math.log10(y) if y > 0 else None

    def _across(self, x: float) -> float:
        return (x - self.first) / (self.last - self.first)

    def _down(self, height: float) -> float:
        return (self.high - height) / (self.high - self.low)

    def _column(self, x: float) -> int:
        return min(round(self._across(x) * (self.canvas.dots[0] - 1)) // 2, self.canvas.width - 1)

    def _row(self, height: float) -> int:
        return min(round(self._down(height) * (self.canvas.dots[1] - 1)) // 4, self.canvas.height - 1)

    def labels(self) -> dict[int, str]:
        """The labels of the y axis by row."""
        if self.is_empty:
            return {}
        most = max(2, min(6, self.canvas.height // 2))
        ticks = (log_ticks if self.chart.is_log else linear_ticks)(self.low, self.high, most)
        return {self._row(tick): tick_words(10**tick if self.chart.is_log else tick) for tick in ticks}

    def axis(self) -> str:
        """The x axis: a rule with its labels in it."""
        rule, free = ["─"] * self.canvas.width, 0
        most = max(2, self.canvas.width // 10)
        for tick in x_ticks(self.view.axis, self.first, self.last, most):
            words = f" {x_words(self.view.axis, tick, span=self.last)} "
            start = min(max(0, self._column(tick) - len(words) // 2), len(rule) - len(words))
            if start >= free:
                rule[start : start + len(words)] = words
                free = start + len(words)
        return "".join(rule)


def readings(chart: Chart, view: View) -> list[tuple[Line, float]]:
    """Each curve's value nearest to the crosshair, smoothed as it is drawn; NaN where it has none."""
    found = []
    for line in chart.lines:
        at = line.series.nearest(view.cursor or 0.0)
        if at is not None:
            found.append((line, line.series.smoothed(at, view.window_of(line.series))))
    return found
