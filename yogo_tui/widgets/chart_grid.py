"""Charts beside and under each other, as many as there is room for, with one x axis and one crosshair for all."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from yogo.text.canvas import Row, TextSpan
from yogo.text.terminal import printable
from yogo_tui.curves.axes import TRAINING, Axis, x_words
from yogo_tui.curves.drawing import MARGIN, SMOOTHINGS, Chart, Line, View, draw_curves, readings, with_crosshair

_LEAST_WIDTH, _LEAST_HEIGHT = 56, 9
"""Of a chart that stands beside or under others, with its title and its axis."""

_TONES = 6
_STEP = 0.01
"""Share of the shown width that the crosshair moves by."""

_KINDS = (*(f"curve-{tone}" for tone in range(_TONES)), "behind", "axis", "cursor", "gap", "best", "saved")
_HAPPENED = ("resumed", "drop")

Charts = Mapping[str, Chart]


class ChartGrid(Widget, can_focus=True):
    """Shows the charts that `source` gives for an x axis; `show` asks it again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("plus", "zoom(0.5)", "zoom in", id="plot.zoom_in", show=False),
        Binding("minus", "zoom(2.0)", "zoom out", id="plot.zoom_out", show=False),
        Binding("left", "pan(-1)", "to the left, or the crosshair", id="plot.earlier", show=False),
        Binding("right", "pan(1)", "to the right, or the crosshair", id="plot.later", show=False),
        Binding("shift+left", "pan(-10)", "further to the left", id="plot.far_earlier", show=False),
        Binding("shift+right", "pan(10)", "further to the right", id="plot.far_later", show=False),
        Binding("0", "reset", "show everything", id="plot.reset", show=False),
        Binding("g", "toggle_log", "logarithmic or linear", id="plot.log", show=False),
        Binding("s", "smooth", "smoothing: off, 2 %, 5 %, 15 %", id="plot.smooth", show=False),
        Binding("b", "by", "by epoch, step or time", id="plot.by", show=False),
        Binding("v", "crosshair", "values: a crosshair that reads all curves", id="plot.values", show=False),
        Binding("up,k", "plots(-1)", "the plots before these", id="plot.before", show=False),
        Binding("down,j", "plots(1)", "the next plots", id="plot.next", show=False),
        Binding("escape", "leave", "leave the crosshair", id="plot.no_values", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"chart--{kind}" for kind in (*_KINDS, *_HAPPENED, "title")}
    DEFAULT_CSS = """
    ChartGrid {
        & > .chart--curve-0 { color: $accent; }
        & > .chart--curve-1 { color: $warning; }
        & > .chart--curve-2 { color: $success; }
        & > .chart--curve-3 { color: $error; }
        & > .chart--curve-4 { color: $secondary; }
        & > .chart--curve-5 { color: $primary; }
        & > .chart--behind, & > .chart--axis { color: $foreground-muted; text-style: dim; }
        & > .chart--cursor { color: $primary; }
        & > .chart--title { color: $foreground-muted; }
        & > .chart--gap { color: $error; }
        & > .chart--best, & > .chart--saved { color: $success; }
        & > .chart--resumed, & > .chart--drop { color: $warning; }
    }
    """

    view: reactive[View] = reactive(View())
    is_linear: reactive[bool] = reactive(False)
    """Whether charts with a logarithmic scale are drawn with a linear one."""

    chosen: reactive[tuple[str, ...]] = reactive(())
    """Keys of the charts that are shown if there is room, in their order; empty is all."""

    first: reactive[int] = reactive(0)
    """Which of them is shown first, where there is room for some only."""

    empty: reactive[str] = reactive("")
    """The sentence to show if there are no charts."""

    @dataclass
    class Changed(Message):
        """Something else is shown, or shown in another way."""

        grid: ChartGrid

        @property
        def control(self) -> ChartGrid:
            return self.grid

    def __init__(self, source: Callable[[Axis], Charts], *, empty: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._source = source
        self.charts: Charts = {}
        """All that there are, by key."""

        self.axes: Sequence[Axis] = TRAINING
        """What the charts can be drawn over."""

        self._rows: list[Row] = []
        self._drawn_before: dict[str, tuple[tuple[object, ...], list[Row]]] = {}
        """The curves of each chart, and how they were drawn: of a million points that takes its time."""

        self.set_reactive(ChartGrid.empty, empty)

    def show(self) -> None:
        """Draw what the source has now."""
        self.charts = self._source(self.view.axis)
        self.draw()

    @property
    def available(self) -> list[str]:
        """Keys of the charts to show, in their order, whether there is room or not."""
        return [key for key in self.charts if not self.chosen or key in self.chosen]

    @property
    def shown(self) -> list[str]:
        """Keys of the charts that there is room for."""
        known, room = self.available, self._columns_and_rows
        return known[self.first : self.first + room[0] * room[1]]

    @property
    def _columns_and_rows(self) -> tuple[int, int]:
        """How many charts stand beside and under each other."""
        number = max(1, len(self.available))
        rows = min(number, max(1, self.size.height // _LEAST_HEIGHT))
        return min(-(-number // rows), max(1, self.size.width // _LEAST_WIDTH)), rows

    @property
    def extent(self) -> tuple[float, float]:
        """The first and the last x of all charts."""
        known = [chart.extent for chart in self.charts.values()]
        return min((first for first, _ in known), default=0.0), max((last for _, last in known), default=0.0)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Turn off the keys that would change nothing: without charts, or where everything is shown."""
        if action in ("zoom", "reset"):
            return bool(self.charts) and (self.view.window is not None or parameters == (0.5,))
        if action == "pan":
            return bool(self.charts) and (self.view.window is not None or self.view.cursor is not None)
        if action == "leave":
            return self.view.cursor is not None
        return action != "crosshair" or bool(self.charts)

    def action_zoom(self, factor: float) -> None:
        self.view = self.view.zoomed(factor, self.extent)

    def action_pan(self, steps: int) -> None:
        if self.view.cursor is None:
            self.view = self.view.panned(steps / 4 if abs(steps) == 1 else steps / 10, self.extent)
        else:
            self.view = self.view.pointed(steps * _STEP, self.extent)

    def action_reset(self) -> None:
        self.view = replace(self.view, window=None)

    def action_toggle_log(self) -> None:
        self.is_linear = not self.is_linear

    def action_smooth(self) -> None:
        at = SMOOTHINGS.index(self.view.smoothing) if self.view.smoothing in SMOOTHINGS else 0
        self.view = replace(self.view, smoothing=SMOOTHINGS[(at + 1) % len(SMOOTHINGS)])

    def action_by(self) -> None:
        """Change the x axis; the crosshair stays at its point."""
        before, axis = self.charts, self.view.axis.after(self.axes)
        self.charts = self._source(axis)
        cursor = None if self.view.cursor is None else _moved(before, self.charts, self.view.cursor)
        self.view = replace(self.view, axis=axis, window=None, cursor=cursor)

    def action_crosshair(self) -> None:
        if self.view.cursor is not None:
            self.view = replace(self.view, cursor=None)
        else:
            self.view = self.view.pointed(0.0, self.extent)

    def point_at(self, x: float) -> None:
        """Set the crosshair there."""
        self.view = self.view.pointed_at(x, self.extent)

    def action_leave(self) -> None:
        self.view = replace(self.view, cursor=None)

    def action_plots(self, by: int) -> None:
        columns, rows = self._columns_and_rows
        most = max(0, len(self.available) - columns * rows)
        self.first = min(max(0, self.first + by * columns * rows), most)

    def on_resize(self, _event: Resize) -> None:
        self.draw()

    def draw(self) -> None:
        """Draw what is shown; only rows that have changed are sent to the terminal."""
        if not self.is_mounted or not self.size:
            return
        most = max(0, len(self.available) - 1)
        self.set_reactive(ChartGrid.first, min(self.first, most))
        before, self._rows = self._rows, self._drawn()
        for y, (old, new) in enumerate(zip_longest(before, self._rows, fillvalue=())):
            if changed := _changed(old, new):
                self.refresh(Region(changed[0], y, changed[1] - changed[0], 1))
        self.refresh_bindings()
        self.post_message(self.Changed(self))

    watch_view = watch_is_linear = watch_chosen = watch_first = watch_empty = draw

    def _drawn(self) -> list[Row]:
        keys = self.shown
        if not keys:
            return [(), (TextSpan(f"  {printable(self.empty)}", "title"),)]
        columns, num_rows = self._columns_and_rows
        num_rows = min(num_rows, len(keys))
        rows: list[Row] = []
        for number in range(num_rows):
            beside = keys[number * columns : (number + 1) * columns]
            height = self.size.height * (number + 1) // num_rows - self.size.height * number // num_rows
            width = self.size.width // len(beside) if beside else 0
            drawn = [self._chart(self.charts[key], width, height) for key in beside]
            rows += [tuple(piece for part in parts for piece in part) for parts in zip(*drawn, strict=True)]
        return rows

    def _chart(self, chart: Chart, width: int, height: int) -> list[Row]:
        """A title and the chart, each row `width` columns wide, of which the last stays free."""
        shown = replace(chart, is_log=chart.is_log and not self.is_linear)
        looks = (chart, self.is_linear, replace(self.view, cursor=None), width, height, self.extent)
        known = self._drawn_before.get(chart.title)
        if known is None or known[0][0] is not chart or known[0][1:] != looks[1:]:
            body = draw_curves(shown, self.view, width=width - 1, height=max(height - 1, 2), whole=self.extent)
            known = self._drawn_before[chart.title] = looks, body
        body = with_crosshair(known[1], self.view, width=width - 1, whole=self.extent)
        return [_fitted(row, width) for row in (self._title(shown), *body)]

    def _title(self, chart: Chart) -> Row:
        """The chart's name and what its lines are, or what the crosshair reads."""
        pieces = [TextSpan(f"{'':{MARGIN - 6}}{chart.heading}", "title")]
        if self.view.cursor is None:
            return (*pieces, *(piece for line in chart.lines for piece in _named(line, "")))
        found = [piece for line, value in readings(chart, self.view) for piece in _named(line, f" {_value(value)}")]
        return (*pieces, *found, *(TextSpan(f" · {words}", "title") for words in self._near(chart)))

    def _near(self, chart: Chart) -> list[str]:
        """What is marked where the crosshair is."""
        first, last = self.view.span(self.extent)
        at, room = self.view.cursor or 0.0, (last - first) * _STEP
        return list(dict.fromkeys(mark.words for mark in chart.marks if abs(mark.x - at) <= room))

    @property
    def words(self) -> str:
        """How it is shown: such as "1 to 2 of 6 plots · by epoch · smoothed over 5 %"."""
        shown, known, view = self.shown, self.available, self.view
        parts = []
        if len(shown) < len(known):
            last = self.first + len(shown)
            which = f"{self.first + 1} to {last}" if len(shown) > 1 else f"{last}"
            parts.append(f"plot{'s' if len(shown) > 1 else ''} {which} of {len(known)}")
        x = "" if view.cursor is None else x_words(view.axis, view.cursor, span=self.extent[1])
        where = x and (f"{x} of training" if view.axis is Axis.TIME else f"{view.axis} {x}")
        parts.append(f"at {where}" if where else f"by {view.axis}")
        if view.smoothing:
            parts.append(f"smoothed over {100 * view.smoothing:.0f} %")
        return " · ".join(parts)

    def render_line(self, y: int) -> Strip:
        if y >= len(self._rows):
            return Strip.blank(self.size.width, self.rich_style)
        segments = [Segment(piece.text, self._style(piece.kind)) for piece in self._rows[y]]
        strip = Strip(segments).apply_style(self.rich_style)
        return strip.adjust_cell_length(self.size.width, self.rich_style)

    def _style(self, kind: str) -> Style | None:
        name, _, number = kind.partition("-")
        kind = f"{name}-{int(number) % _TONES}" if number else kind
        return self.get_component_rich_style(f"chart--{kind}", partial=True) if kind else None


def _named(line: Line, value: str) -> tuple[TextSpan, ...]:
    return (
        TextSpan("  ", "title"),
        TextSpan(line.key, f"curve-{line.tone}"),
        TextSpan(f" {line.series.name}{value}", "title"),
    )


def _value(value: float) -> str:
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.4g}" if math.isfinite(value) else "NaN"


def _changed(before: Row, after: Row) -> tuple[int, int] | None:
    """The first column in which two rows differ, and the one after the last; None if they are the same."""
    if before == after:
        return None
    pairs = [*zip_longest(_cells(before), _cells(after))]
    differ = [number for number, (old, new) in enumerate(pairs) if old != new]
    return (differ[0], differ[-1] + 1) if differ else None


def _cells(row: Row) -> list[tuple[str, str]]:
    return [(sign, piece.kind) for piece in row for sign in piece.text]


def _fitted(row: Row, width: int) -> Row:
    """The row in exactly `width` columns, of which the last is blank; its characters are one column wide."""
    pieces, left = [], width - 1
    for piece in row:
        pieces.append(TextSpan(piece.text[:left], piece.kind))
        left -= len(pieces[-1].text)
    return tuple(piece for piece in (*pieces, TextSpan(" " * (left + 1))) if piece.text)


def _moved(before: Charts, now: Charts, x: float) -> float | None:
    """Where the point of `before` that is nearest to `x` is now; that of the curve with the most points."""
    pairs = [
        (old.series, new.series)
        for key in before.keys() & now.keys()
        for old, new in zip(before[key].lines, now[key].lines, strict=False)
    ]
    if not pairs:
        return None
    old, new = max(pairs, key=lambda pair: len(pair[0]))
    at = old.nearest(x)
    return None if at is None or at >= len(new) else new.xs[at]
