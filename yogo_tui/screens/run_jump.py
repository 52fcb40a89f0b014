"""The key that goes from a line of the log to its step in the plots, and from the crosshair to its line in the log."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import ClassVar

from textual import getters, work
from textual.binding import Binding, BindingType

from yogo.run.history import History
from yogo.text.terminal import printable
from yogo_tui.curves.axes import Axis
from yogo_tui.curves.record import RunCurves
from yogo_tui.errors import HostError
from yogo_tui.runs.logpager import PointedLine
from yogo_tui.runs.logsteps import StepFinder, StepLine
from yogo_tui.screens.base import FramedScreen
from yogo_tui.widgets.chart_grid import ChartGrid
from yogo_tui.widgets.log_view import LogView


class JumpsToStep(FramedScreen):
    """A screen with the plots and the log of one run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "J",
            "jump",
            "step/line",
            id="run.jump",
            tooltip="from a line of the log to its step in the plots, or from the crosshair to its line",
        ),
    ]

    plot = getters.query_one(ChartGrid)
    log_view = getters.query_one(LogView)

    _history: History
    _curves: RunCurves

    def why_not(self, action: str) -> str:
        if action != "jump":
            return super().why_not(action)
        if self._history.started is None or self._curves.is_empty:
            return "Nothing is plotted yet that could be gone to."
        if self.log_view.pager.log is None or not self.log_view.pager.lines:
            return "There is no log with a line of a step."
        if not self.log_view.has_focus and self.plot.view.cursor is None:
            return "Set the crosshair first, with v."
        return ""

    def action_jump(self) -> None:
        started, line = self._history.started, self.log_view.pager.line
        if (why := self.why_not("jump")) or started is None:
            self.app.notify(why, markup=False)
        elif not self.log_view.has_focus:
            self._jump_to_line(started.steps_per_epoch)
        elif line:
            self._jump_to_step(line.end, started.steps_per_epoch)

    def show_plot(self) -> None:
        """Bring the plots to the front, and give them the keys."""
        raise NotImplementedError

    def show_log(self) -> None:
        """Bring the log to the front, and give it the keys."""
        raise NotImplementedError

    def _finder(self, steps_per_epoch: int) -> StepFinder | None:
        log = self.log_view.pager.log
        return StepFinder(log, steps_per_epoch) if log else None

    async def _found(self, looking: Awaitable[StepLine | None], nothing: str) -> StepLine | None:
        """What is found; None, and that is told, where it is nothing or the log cannot be read."""
        try:
            found = await looking
        except HostError as error:
            self.app.notify(printable(f"The log was not read. {error}"), severity="warning", markup=False)
            return None
        if found is None:
            self.app.notify(nothing, markup=False)
        return found

    @work(exclusive=True, group="jump")
    async def _jump_to_step(self, end: int, steps_per_epoch: int) -> None:
        if (finder := self._finder(steps_per_epoch)) is None:
            return
        found = await self._found(finder.above(end), "No line from here up tells its step.")
        if found is None:
            return
        x = self._curves.nearest(found.step, Axis.STEP, self.plot.view.axis)
        if x is not None:
            self.show_plot()
            self.plot.point_at(x)

    @work(exclusive=True, group="jump")
    async def _jump_to_line(self, steps_per_epoch: int) -> None:
        view, finder = self.plot.view, self._finder(steps_per_epoch)
        step = None if view.cursor is None else self._curves.nearest(view.cursor, view.axis, Axis.STEP)
        if step is None or finder is None:
            return
        found = await self._found(finder.nearest(step), "No line of the log tells its step.")
        if found is None:
            return
        near = f"step {step:,.0f}" if found.step == step else f"nearest to step {step:,.0f}: step {found.step:,.0f}"
        self.show_log()
        self.log_view.pager.point_at(PointedLine(found.offset, near))
        self.log_view.turn_page()
