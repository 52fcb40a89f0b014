"""Train and validation loss, live. Imports numpy and textual-plot, so it is imported when a run is opened."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.events import Resize
from textual.reactive import reactive
from textual.widgets import Static
from textual_plot import AxisFormatter, HiResMode, NumericAxisFormatter, PlotWidget

from yogo_tui.widgets.curves import Curves, Point, log_ticks, reduce, segments, tick_words, visible

_MARGIN_LEFT = 8
_SHORTEST_VIEW = 0.01  # of an epoch


class LossPlot(Container, can_focus=True):
    """The y axis is the logarithm of the loss, its ticks written as losses: textual-plot knows linear axes only."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("plus,equals_sign", "zoom(0.5)", "zoom in", id="plot.zoom_in", show=False),
        Binding("minus", "zoom(2.0)", "zoom out", id="plot.zoom_out", show=False),
        Binding("left", "pan(-0.25)", "earlier epochs", id="plot.earlier", show=False),
        Binding("right", "pan(0.25)", "later epochs", id="plot.later", show=False),
        Binding("0", "reset", "show all epochs", id="plot.reset", show=False),
        Binding("g", "toggle_log", "logarithmic or linear", id="plot.log", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"curve--train", "curve--validation", "curve--best", "curve--gap"}

    DEFAULT_CSS = """
    LossPlot #no-curves { display: none; padding: 1 2; color: $foreground-muted; }
    LossPlot.-empty #no-curves { display: block; }
    LossPlot.-empty PlotWidget { display: none; }
    """

    curves: reactive[Curves] = reactive(Curves(), always_update=True)
    is_log: reactive[bool] = reactive(True)
    view: reactive[tuple[float, float] | None] = reactive(None)
    """The epochs on show; None is all of them, and those that are added."""

    plot = getters.query_one(PlotWidget)

    def compose(self) -> ComposeResult:
        plot = PlotWidget(allow_pan_and_zoom=False)
        plot.can_focus = False
        yield plot
        yield Static("The loss appears here with the first steps.", id="no-curves")

    def on_mount(self) -> None:
        self.plot.margin_left, self.plot.margin_top, self.plot.margin_bottom = _MARGIN_LEFT, 0, 1

    def on_resize(self, _event: Resize) -> None:
        self.draw()

    def watch_curves(self) -> None:
        self.draw()

    def watch_is_log(self) -> None:
        self.draw()

    def watch_view(self) -> None:
        self.draw()

    @property
    def span(self) -> tuple[float, float]:
        return self.view or (0.0, max(self.curves.last_epoch, _SHORTEST_VIEW))

    def action_zoom(self, factor: float) -> None:
        first, last = self.span
        whole = max(self.curves.last_epoch, _SHORTEST_VIEW)
        width = max(_SHORTEST_VIEW, (last - first) * factor)
        start = (first + last - width) / 2
        self.view = None if width >= whole else _within(start, width, whole)

    def action_pan(self, share: float) -> None:
        if self.view:
            first, last = self.view
            self.view = _within(first + share * (last - first), last - first, self.curves.last_epoch)

    def action_reset(self) -> None:
        self.view = None

    def action_toggle_log(self) -> None:
        self.is_log = not self.is_log

    def draw(self) -> None:
        """Draw what is on show, reduced to the columns that there are."""
        if not self.is_mounted:
            return
        self.set_class(not (self.curves.train or self.curves.validation), "-empty")
        first, last = self.span
        columns = max(2, 2 * (self.size.width - _MARGIN_LEFT - 2))
        plot = self.plot
        plot.clear()
        # The frame is drawn over the curves: a little room keeps what lies at either end in sight.
        room = (last - first) * 0.015
        plot.set_xlimits(first - room, last + room)
        plot.set_x_formatter(EpochTicks())
        drawn: list[float] = []
        for name, points in (("train", self.curves.train), ("validation", self.curves.validation)):
            seen = visible(points, first, last)
            for stretch in segments(seen):
                drawn += self._draw_stretch(name, reduce(stretch, first, last, columns))
        low, high = (min(drawn), max(drawn)) if drawn else (0.0, 1.0)
        margin = (high - low) * 0.04 or 0.05
        plot.set_ylimits(low - margin, high + margin)
        plot.set_y_formatter(LogTicks() if self.is_log else NumericAxisFormatter())
        self._draw_marks(first, last, low)

    def _draw_stretch(self, name: str, points: Sequence[Point]) -> list[float]:
        """Draw one unbroken piece of a curve; the heights that it takes."""
        known = [(point.epoch, self._height(point.loss)) for point in points]
        shown = [(epoch, height) for epoch, height in known if height is not None]
        xs, ys = [epoch for epoch, _ in shown], [height for _, height in shown]
        style = self._style(f"curve--{name}")
        if len(shown) > 1:
            self.plot.plot(xs, ys, line_style=style, hires_mode=HiResMode.BRAILLE)
        if shown and (name == "validation" or len(shown) == 1):
            self.plot.scatter(xs, ys, marker="o" if name == "validation" else "·", marker_style=style)
        return ys

    def _draw_marks(self, first: float, last: float, low: float) -> None:
        best = self.curves.best
        if best and (height := self._height(best.loss)) is not None and first <= best.epoch <= last:
            self.plot.scatter([best.epoch], [height], marker="◆", marker_style=self._style("curve--best"))
        points = (*self.curves.train, *self.curves.validation)
        gaps = [point.epoch for point in points if point.loss is None and first <= point.epoch <= last]
        if gaps:
            self.plot.scatter(gaps, [low] * len(gaps), marker="✖", marker_style=self._style("curve--gap"))

    def _height(self, loss: float | None) -> float | None:
        if loss is None or not self.is_log:
            return loss
        return math.log10(loss) if loss > 0 else None

    def _style(self, component: str) -> str:
        return str(self.get_component_rich_style(component, partial=True))


class LogTicks(AxisFormatter):
    """Losses on an axis of exponents."""

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 6) -> list[float]:
        return log_ticks(min_, max_, max_ticks)

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        return [tick_words(10**tick) for tick in ticks]


class EpochTicks(NumericAxisFormatter):
    """Epochs, whole ones without a fraction."""

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        return [f"{tick:g}" for tick in ticks]


def _within(start: float, width: float, whole: float) -> tuple[float, float]:
    start = min(max(0.0, start), max(0.0, whole - width))
    return (start, start + width)
