"""Compare: runs beside each other, their curves over each other, what differs, and their figures."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.comparing.comparison import Comparison
from yogo_tui.comparing.exporting import FORMATS
from yogo_tui.comparing.tables import BEST
from yogo_tui.curves.axes import Axis
from yogo_tui.curves.drawing import Chart
from yogo_tui.questions.pairs import RunPairs
from yogo_tui.runs.model import Run, RunState
from yogo_tui.screens.base import ModeScreen
from yogo_tui.screens.choose import Choice
from yogo_tui.screens.two_panes import TwoPanes
from yogo_tui.session import Runs
from yogo_tui.widgets.comparison_view import ComparisonView
from yogo_tui.words import thousands

_EMPTY = """Runs appear here beside each other: their curves, what differs, and their figures.

Press 4 for the runs, mark two or more with space, and press =."""

_LEGEND = f"""
{BEST} the best value of a row · ≠ a figure that cannot be ranked with the others, such as a loss with other settings
What is the same in all runs is left out."""


class CompareScreen(TwoPanes, ModeScreen):
    MODE = "compare"
    HELP = _LEGEND
    NO_PLOT = "No run has recorded a loss yet."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "switch", "curves/tables", id="compare.next"),
        Binding("f", "full", "full screen", id="compare.full"),
        Binding(
            "x", "by", "epoch/step/time", id="compare.by", tooltip="curves by epoch, step or time; assays by threshold"
        ),
        Binding("d", "data", "data", id="compare.data", tooltip="what differs between the data of two runs"),
        Binding("e", "export", "export", id="compare.export", tooltip="write a report, the tables or the plots"),
        Binding("escape", "app.mode('runs')", "back to the runs", id="compare.back", show=False),
    ]

    view = getters.query_one(ComparisonView)

    found: Comparison | None = None
    _read_of: tuple[Run, ...] = ()
    """The runs to compare, as they were when that was last asked for."""

    _is_reading = False
    _paired: tuple[tuple[tuple[str, RunState], ...], RunPairs] = ((), RunPairs())
    """What is known of the test images that the runs share, and of which runs in which states."""

    def body(self) -> ComposeResult:
        yield from self.two_panes("curves", ComparisonView(self.style_of), _EMPTY)

    def on_mount(self) -> None:
        self.watch(self.app, "compared", self._compare)

    def charts(self, axis: Axis) -> Mapping[str, Chart]:
        return self.found.charts(axis) if self.found else {}

    def on_screen_resume(self) -> None:
        self.runs_seen(self.app.runs)

    def runs_seen(self, runs: Runs) -> None:
        """What still trains is read again once there is more of it, while somebody looks."""
        if not self.is_current:
            return
        now = self._now(runs)
        before = {run.key: run for run in self._read_of}
        if self._read_of and any(_is_new(before.get(run.key), run) for run in now):
            self._compare(now)

    def _now(self, runs: Runs) -> tuple[Run, ...]:
        """The runs that are compared, as last seen."""
        seen = {run.key: run for run in runs.runs}
        return tuple(seen.get(run.key, run) for run in self.app.compared)

    def _compare(self, runs: tuple[Run, ...]) -> None:
        self._read_of = runs
        if not runs or self._is_reading:
            return
        if not self.has_class("-filled"):
            self.empty.update(f"Reading {counted(len(runs), 'run')} …")
        self._is_reading = True
        self._read()

    @work(group="compare")
    async def _read(self) -> None:
        """Read until what is shown is of the runs that are wanted by then."""
        try:
            with self.reading("the runs were not compared", self._again):
                read: tuple[Run, ...] = ()
                while read != self._read_of:
                    read = self._read_of
                    await self._read_once(read)
        except asyncio.CancelledError:
            self.empty.update("Stopped. = on the marked runs compares them again.")
            raise
        finally:
            self._is_reading = False

    async def _read_once(self, read: tuple[Run, ...]) -> None:
        """Single images are compared again only once a run has ended: a test is a run's last act."""
        session, states = self.app.session, tuple((run.key, run.state) for run in read)
        with self.app.tasks.under_way(f"comparing {counted(len(read), 'run')}", self._tell) as tell:
            found = await session.compare(read, tell=tell)
            if self._paired[0] != states:
                self._show(found)
                self._paired = states, (await session.image_by_image(found, tell=tell)).paired
        self._show(replace(found, paired=self._paired[1]))

    def _again(self) -> None:
        self._compare(self._now(self.app.runs))

    def _tell(self, what: str, done: int, total: int) -> None:
        if not self.has_class("-filled"):
            self.empty.update(f"{what} · {done} of {total}")

    def _show(self, found: Comparison) -> None:
        self.found = self.view.found = found
        self.set_class(True, "-filled")
        self.lower.title = " · ".join(map(printable, found.labels))
        self.grid.axes = found.axes
        self.grid.show()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        return action not in ("full", "by", "export", "switch", "data") or self.found is not None

    @work(exclusive=True, group="data")
    async def action_data(self) -> None:
        """Show what differs between the data of the first run and of another."""
        from yogo_tui.screens.data_difference import DataDialog

        if self.found is None:
            return
        first, *others = (one.run for one in self.found.subjects)
        other: Run | None = others[0]
        if others[1:]:
            choices = [(run, Choice(printable(run.name), "against the first")) for run in others]
            other = await self.choose(f"the data of {printable(first.name)} and of", choices)
        if other is None:
            return
        with self.app.telling("the data were not compared"):
            try:
                with self.app.tasks.under_way("comparing data", self._tell_data) as tell:
                    found = await self.app.session.data_difference(first, other, tell=tell)
            finally:
                self.lower.right = ""
            self.app.push_screen(DataDialog(found))

    def _tell_data(self, what: str, done: int, total: int) -> None:
        self.lower.right = f"{what} · {thousands(done)} of {thousands(total)}" if total else what

    @work(exclusive=True, group="export")
    async def action_export(self) -> None:
        """Write the comparison to a file of this machine."""
        from yogo_tui.session.comparing import described, save

        suffix = await self.choose(
            "write the comparison", [(one, Choice(one, words)) for one, words in FORMATS.items()]
        )
        if suffix is None or self.found is None:
            return
        with self.app.telling("nothing was written"):
            runs = [one.run for one in self.found.subjects]
            found = self.found
            if suffix == ".html":
                read = await described(self.app.session.host, runs, with_images=True)
                found = replace(read, paired=found.paired)
            name = f"comparison-{datetime.now():%Y%m%d-%H%M%S}{suffix}"
            path = await save(found, name, axis=self.grid.view.axis)
            where = "in the folder that this console was started in"
            self.notify(f"{path}, {where}", title="written", markup=False)


def _is_new(before: Run | None, now: Run) -> bool:
    return before is None or (before.state, before.progress) != (now.state, now.progress)
