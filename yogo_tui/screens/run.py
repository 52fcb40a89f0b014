"""Run: one run's curves and log, live, and what can be done from here."""

from __future__ import annotations

from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.events import Resize
from textual.widget import Widget
from textual.widgets import Static

from yogo.run.history import History
from yogo.terminal import printable
from yogo_tui.runs.model import Run
from yogo_tui.screens.base import BACK, FramedScreen
from yogo_tui.screens.run_actions import cancel_run, finetune_from, resume_run, use_run
from yogo_tui.session import Runs
from yogo_tui.widgets.curves import Curves
from yogo_tui.widgets.filter_line import FilterLine
from yogo_tui.widgets.log_view import LogView
from yogo_tui.widgets.loss_plot import LossPlot
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.widgets.run_details import RunDetails
from yogo_tui.widgets.run_head import RunHead
from yogo_tui.widgets.runs_table import run_key
from yogo_tui.widgets.words import loss_words, no_log_words


class RunScreen(FramedScreen):
    CSS_PATH = "run.tcss"
    AUTO_FOCUS = "LogView"
    BINDINGS: ClassVar[list[BindingType]] = [
        BACK,
        Binding("tab", "other_pane", "log/plot", id="run.other"),
        Binding("f", "full_screen", "full screen", id="run.full"),
        Binding("slash", "search", "search", id="run.search"),
        Binding("c", "finetune", "fine-tune from it", id="run.finetune"),
        Binding("x", "cancel", "cancel", id="run.cancel"),
        Binding("u", "use", "use it: test, infer, export", id="run.use", show=False),
        Binding("r", "resume", "go on with it (resume)", id="run.resume", show=False),
        Binding("t", "follow", "follow the log's end, or stay", id="run.follow", show=False),
        Binding("d", "details", "details or plot: recipe, parent, metrics, files", id="run.details", show=False),
        Binding("y", "copy", "copy the path of its weights", id="run.copy", show=False),
    ]

    head_line = getters.query_one(RunHead)
    plot = getters.query_one(LossPlot)
    log_view = getters.query_one(LogView)
    details = getters.query_one(RunDetails)
    search_line = getters.query_one(FilterLine)

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run
        self._history = History()

    def head(self) -> ComposeResult:
        yield RunHead()

    def body(self) -> ComposeResult:
        yield Static(id="why", markup=False)
        with Container(id="panes"):
            with Vertical(id="upper"):
                yield TitledRule("loss (log)", id="plot-rule")
                yield LossPlot()
                yield RunDetails()
            with Vertical(id="lower"):
                yield TitledRule("log", id="log-rule")
                yield FilterLine(
                    "LogView", "find in the log · enter finds, then n previous match, N next match", id="find"
                )
                yield LogView(self.app.session.host, self._run.log)

    def on_mount(self) -> None:
        self.watch(self.app, "runs", self._runs_seen)
        self.watch(self.plot, "is_log", self._name_upper, init=False)
        self.show_run(self._run)
        if self._run.path:
            self.follow_history()

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= 120, "-beside")

    def _runs_seen(self, runs: Runs) -> None:
        self.head_line.queue = runs.queue
        for run in runs.runs:
            if run_key(run) == run_key(self._run):
                self.show_run(run)

    def show_run(self, run: Run) -> None:
        self._run = run
        self.head_line.run = run
        said = (run.why, *(f"! {doubt}" for doubt in run.doubts), *run.notices)
        self.query_one("#why", Static).update(printable(" · ".join(filter(None, said))))
        self.set_class(any(said), "-why")
        self.log_view.no_log = no_log_words(run)
        self.log_view.path = run.log
        self.details.show(run, self._history)

    @work(exclusive=True, group="history")
    async def follow_history(self) -> None:
        async for history in self.app.session.follow_history(self._run):
            self.show_history(history)

    def show_history(self, history: History) -> None:
        self._history = history
        self.plot.curves = Curves.of(history)
        self.head_line.seconds_left = history.seconds_left()
        self.details.show(self._run, history)
        self._name_upper()

    def _name_upper(self) -> None:
        """The words above the plot, or the details that stand in its place."""
        rule, best, curves = self.query_one("#plot-rule", TitledRule), self._history.best, self.plot.curves
        rule.right = f"best loss {loss_words(best.losses.loss)}, epoch {best.epoch + 1}" if best else ""
        has_gaps = any(point.loss is None for point in (*curves.train, *curves.validation))
        scale = "log" if self.plot.is_log else "linear"
        title = f"loss ({scale}) · line train · o validation{' · ✖ NaN' if has_gaps else ''}"
        rule.title = "details" if self.has_class("-details") else title

    @on(LogView.Moved)
    def _log_moved(self, event: LogView.Moved) -> None:
        self.query_one("#log-rule", TitledRule).right = event.words

    def action_other_pane(self) -> None:
        upper: Widget = self.details if self.has_class("-details") else self.plot
        if self.has_class("-full"):
            self._fill(upper if self.log_view.has_focus else self.log_view)
        (upper if self.log_view.has_focus else self.log_view).focus()

    def action_full_screen(self) -> None:
        self.toggle_class("-full")
        self._fill(self.focused or self.log_view)

    def _fill(self, widget: Widget) -> None:
        """Under full screen, only the half that holds `widget` is seen."""
        in_lower = self.query_one("#lower") in widget.ancestors
        self.set_class(in_lower, "-lower")

    def action_details(self) -> None:
        self.toggle_class("-details")
        self._name_upper()
        self.look_for_results()
        (self.details if self.has_class("-details") else self.plot).focus()

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

    def action_follow(self) -> None:
        self.log_view.following = not self.log_view.following

    def action_copy(self) -> None:
        if self._run.path:
            self.app.copy_path(self._run.path / "best.pth")

    @work(exclusive=True, group="act")
    async def action_cancel(self) -> None:
        await cancel_run(self, self._run)

    @work(exclusive=True, group="act")
    async def action_resume(self) -> None:
        await resume_run(self, self._run)

    @work(exclusive=True, group="act")
    async def action_use(self) -> None:
        if await use_run(self, self._run):
            self.look_for_results()

    @work(exclusive=True, group="results")
    async def look_for_results(self) -> None:
        with self.app.telling(f"the results of {self._run.name} cannot be listed"):
            self.details.results = await self.app.session.uses(self._run)
            self.details.show(self._run, self._history)

    @work(exclusive=True, group="act")
    async def action_finetune(self) -> None:
        await finetune_from(self, self._run)
