"""Run: shows one run's curves and log, live."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.events import Resize
from textual.widget import Widget

from yogo.run.directory import HostRunDirectory
from yogo.run.history import History
from yogo.text.terminal import printable
from yogo_tui.curves.divergence import RULES
from yogo_tui.curves.drawing import MARKS
from yogo_tui.curves.record import RunCurves
from yogo_tui.runs.logsave import place_of, problem, save
from yogo_tui.runs.logtimes import SIGNS
from yogo_tui.runs.model import Run
from yogo_tui.screens.base import BACK
from yogo_tui.screens.choose import LinePrompt
from yogo_tui.screens.choose_plots import ChoosePlots
from yogo_tui.screens.note_actions import NoteActions
from yogo_tui.screens.results import ResultsScreen
from yogo_tui.screens.run_jump import JumpsToStep
from yogo_tui.screens.run_why import TellsWhy
from yogo_tui.screens.trash_actions import TrashActions
from yogo_tui.screens.wandb_actions import WandbActions
from yogo_tui.session import Runs
from yogo_tui.widgets.chart_grid import ChartGrid
from yogo_tui.widgets.filter_line import FilterLine
from yogo_tui.widgets.folded import Folded
from yogo_tui.widgets.log_view import LogView
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.widgets.run_details import RunDetails
from yogo_tui.widgets.run_head import RunHead
from yogo_tui.words import best_words, no_curves_words, size_words

_AT_ONCE = 1000
"""Steps that are added to the curves in one go: some milliseconds' worth."""


class RunScreen(JumpsToStep, WandbActions, TellsWhy, TrashActions, NoteActions):
    CSS_PATH = "run.tcss"
    AUTO_FOCUS = "LogView"
    HELP = f"\n{MARKS}\n\n{SIGNS}\n\n{RULES}"
    BINDINGS: ClassVar[list[BindingType]] = [
        BACK,
        Binding("tab", "other_pane", "log/plot", id="run.other"),
        Binding("f", "full_screen", "full screen", id="run.full"),
        Binding("slash", "search", "search", id="run.search"),
        Binding("x", "cancel", "cancel", id="run.cancel"),
        Binding("r", "resume", "go on", id="run.resume", tooltip="go on with it (resume)"),
        Binding("c", "finetune", "fine-tune from it", id="run.finetune"),
        Binding("o", "results", "results: confusion, classes, worst images", id="run.results", show=False),
        Binding("u", "use", "use it: test, assay, infer, export; rank, make, choose labels", id="run.use", show=False),
        Binding("O", "made", "open reviews and choices of images that its jobs made", id="run.made", show=False),
        Binding(
            "A",
            "again",
            "launch it again",
            id="run.again",
            show=False,
            tooltip="launch the same again, under a new name",
        ),
        Binding("w", "why", "why", id="run.why", show=False, tooltip="why it waits or failed, and what to do"),
        Binding("H", "hold", "hold or release", id="run.hold", show=False, tooltip="hold its job, or release it"),
        Binding("R", "requeue", "requeue", id="run.requeue", show=False, tooltip="put its job back into the queue"),
        Binding("F", "forget", "forget a failed launch", id="run.forget", show=False),
        Binding("p", "choose_plots", "plots: which are shown", id="run.plots", show=False),
        Binding("t", "follow", "follow the log's end, or stay", id="run.follow", show=False),
        Binding("d", "details", "details or plot: recipe, parent, metrics, files", id="run.details", show=False),
        Binding("y", "copy", "copy the path of its weights", id="run.copy", show=False),
    ]

    head_line = getters.query_one(RunHead)
    details = getters.query_one(RunDetails)
    search_line = getters.query_one(FilterLine)

    def __init__(self, run: Run, *, with_details: bool = False) -> None:
        super().__init__()
        self._run = run
        self._begins_with_details = with_details
        self._history, self._curves = History(), RunCurves()
        self._has_read = False
        """Whether its events were read at least once."""

    def head(self) -> ComposeResult:
        yield RunHead()

    def body(self) -> ComposeResult:
        yield Folded(3, "d shows all", id="why")
        with Container(id="panes"):
            with Vertical(id="upper"):
                yield TitledRule("plots", id="plot-rule")
                yield ChartGrid(self._curves.charts, empty="Reading its losses …")
                yield RunDetails()
            with Vertical(id="lower"):
                yield TitledRule("log", id="log-rule")
                yield FilterLine(
                    "LogView", "find in the log · enter finds, then n previous match, N next match", id="find"
                )
                yield LogView(self.app.session.host, self._run.log)

    def on_mount(self) -> None:
        self.watch(self.app, "runs", self._runs_seen)
        self.show_run(self._run)
        if self._run.path:
            self.follow_history()
        if self._begins_with_details:
            self.action_details()

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= 120, "-beside")

    def _runs_seen(self, runs: Runs) -> None:
        self.head_line.queue = runs.queue
        for run in runs.runs:
            if run.key == self._run.key:
                self.show_run(run)

    def show_run(self, run: Run) -> None:
        self._run = run
        self.head_line.run = run
        self.refresh_bindings()
        self.tell_why(run)
        if self._has_read or run.of_job:
            self.plot.empty = no_curves_words(run)
        self.log_view.is_over = run.state.is_over
        self.log_view.no_log = run.no_log
        self.log_view.path = run.log
        self.log_view.times.clock_ahead = run.clock_ahead
        self.details.show(run, self._history)

    @work(exclusive=True, group="history")
    async def follow_history(self) -> None:
        async for history in self.app.session.runs.follow(self._run):
            while self._curves.follow(history, _AT_ONCE):
                await asyncio.sleep(0)
            self.show_history(history)

    def show_history(self, history: History) -> None:
        self._history, self._has_read = history, True
        self.log_view.times.history = history
        self.plot.empty = no_curves_words(self._run)
        self.plot.show()
        self.head_line.seconds_left = history.seconds_left()
        self.details.show(self._run, history)
        self._name_upper()

    @on(ChartGrid.Changed)
    def _name_upper(self) -> None:
        """Set the title of the upper half, which shows the plots or the details."""
        self.refresh_bindings()
        rule, diverges = self.query_one("#plot-rule", TitledRule), self._curves.divergence
        rule.right = best_words(self._history)
        title = f"! {diverges.words}" if diverges and self.plot.view.cursor is None else self.plot.words
        rule.title = "details" if self.has_class("-details") else title

    @on(LogView.Moved)
    def _log_moved(self, event: LogView.Moved) -> None:
        self.refresh_bindings()
        self.query_one("#log-rule", TitledRule).right = event.words

    def action_other_pane(self) -> None:
        upper: Widget = self.details if self.has_class("-details") else self.plot
        self._bring(upper if self.log_view.has_focus else self.log_view)

    def show_plot(self) -> None:
        self.remove_class("-details")
        self._bring(self.plot)

    def show_log(self) -> None:
        self._bring(self.log_view)

    def _bring(self, widget: Widget) -> None:
        if self.has_class("-full"):
            self._fill(widget)
        widget.focus()

    def action_full_screen(self) -> None:
        self.toggle_class("-full")
        self._fill(self.focused or self.log_view)

    def _fill(self, widget: Widget) -> None:
        """Show only the half with `widget`, if full screen is on."""
        in_lower = self.query_one("#lower") in widget.ancestors
        self.set_class(in_lower, "-lower")

    def action_details(self) -> None:
        self.toggle_class("-details")
        self._name_upper()
        self.look_for_results()
        (self.details if self.has_class("-details") else self.plot).focus()

    @work(exclusive=True, group="plots")
    async def action_choose_plots(self) -> None:
        titles = {key: chart.title for key, chart in self.plot.charts.items()}
        if titles and (chosen := await self.app.push_screen_wait(ChoosePlots(titles, self.plot.available))):
            self.plot.chosen = () if len(chosen) == len(titles) else chosen

    def action_search(self) -> None:
        self.search_line.open()

    @on(LogView.SearchClosed)
    def _search_closed(self) -> None:
        self.search_line.close()

    @on(FilterLine.Filtered)
    def _search(self, event: FilterLine.Filtered) -> None:
        if event.is_final and event.words:
            self.log_view.find(event.words)
        elif not event.words:
            self.log_view.leave_search()

    @on(LogView.SaveAsked)
    @work(exclusive=True, group="save")
    async def _save_log(self) -> None:
        log, app = self._run.log, self.app
        if log is None:
            return
        typed = await app.push_screen_wait(LinePrompt("save the log to a file here", f"~/{log.name}", check=problem))
        if typed:
            to = place_of(typed)
            with app.telling("the log was not saved"):
                size = await save(app.session.host, log, to)
                app.notify(printable(f"{size_words(size)} were saved to {to}"), markup=False)

    def action_results(self) -> None:
        self.app.push_screen(ResultsScreen(self._run))

    def action_follow(self) -> None:
        self.log_view.follow(not self.log_view.following)

    def action_copy(self) -> None:
        if self._run.path:
            self.app.copy_path(HostRunDirectory(self._run.path).best)
        else:
            self.app.notify(printable(f"{self._run.name} has no weights: it is {self._run.of_job}"), markup=False)

    @property
    def acted_on(self) -> Run:
        return self._run

    def trashed(self) -> None:
        self.app.first_screen()

    def used(self) -> None:
        if self.is_attached:  # it may have been left meanwhile
            self.look_for_results()

    @work(exclusive=True, group="results")
    async def look_for_results(self) -> None:
        with self.reading(f"the results of {self._run.name} cannot be listed", self.look_for_results):
            self.details.results = await self.app.session.jobs.uses(self._run)
            (self.details.at_wandb,) = await self.app.session.wandb.look([self._run])
            self.details.show(self._run, self._history)
