"""A screen of plots over tables, or beside them where the terminal is wide."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.events import Resize
from textual.widget import Widget
from textual.widgets import Static

from yogo_tui.curves.axes import Axis
from yogo_tui.curves.drawing import Chart
from yogo_tui.screens.base import FramedScreen
from yogo_tui.widgets.chart_grid import ChartGrid
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.widgets.tables_view import TablesView

_BESIDE = 140
"""Columns from which the tables stand beside the plots."""

_TONES = 6


class TwoPanes(FramedScreen):
    CSS_PATH = "two_panes.tcss"
    AUTO_FOCUS = "ChartGrid"
    NO_PLOT = ""
    """What is said where there is none."""

    empty = getters.query_one(".empty", Static)
    upper = getters.query_one("#upper-rule", TitledRule)
    lower = getters.query_one("#lower-rule", TitledRule)
    grid = getters.query_one(ChartGrid)
    tables = getters.query_one(TablesView)

    def two_panes(self, plots: str, tables: TablesView, empty: str) -> ComposeResult:
        """`empty` stands there until the screen has the class -filled."""
        yield Static(empty, classes="empty", markup=False)
        with Container(id="panes"):
            with Vertical(id="upper"):
                yield TitledRule(plots, id="upper-rule")
                yield ChartGrid(self.charts, empty=self.NO_PLOT)
            with Vertical(id="lower"):
                yield TitledRule("tables", id="lower-rule")
                yield tables

    def charts(self, axis: Axis) -> Mapping[str, Chart]:
        raise NotImplementedError

    def style_of(self, number: int) -> Style:
        """The colour of the curves of this number."""
        return self.grid.get_component_rich_style(f"chart--curve-{number % _TONES}", partial=True)

    def on_resize(self, event: Resize) -> None:
        super().on_resize(event)
        self.set_class(event.size.width >= _BESIDE, "-beside")

    @on(ChartGrid.Changed)
    def _tell_view(self) -> None:
        self.upper.right = self.grid.words

    def action_switch(self) -> None:
        """Go to the other pane, which then has the whole screen if this one had it."""
        other = self.grid if self.tables.has_focus else self.tables
        if not all(pane.display for pane in self.panes):
            self._fill(other)
        other.focus()

    def action_full(self) -> None:
        """Fill the screen with the pane that has the focus, or show both again."""
        if all(pane.display for pane in self.panes):
            self._fill(self.tables if self.tables.has_focus else self.grid)
        else:
            for pane in self.panes:
                pane.display = True

    def _fill(self, shown: Widget) -> None:
        for pane in self.panes:
            pane.display = pane is shown.parent

    @property
    def panes(self) -> tuple[Widget, Widget]:
        return self.query_one("#upper"), self.query_one("#lower")

    def action_by(self) -> None:
        self.grid.action_by()
