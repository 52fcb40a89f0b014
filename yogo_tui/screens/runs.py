"""Runs: every run there is, live and past, and what to do with it."""

from __future__ import annotations

from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Static

from yogo.terminal import printable
from yogo_tui.cluster.base import Queue
from yogo_tui.runs.model import Run
from yogo_tui.screens.base import ModeScreen
from yogo_tui.screens.run_actions import cancel_run, finetune_from, resume_run
from yogo_tui.session import Runs
from yogo_tui.widgets.filter_line import FilterLine
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.widgets.runs_table import OTHER_LOSS, OTHER_LOSS_WORDS, RunsTable
from yogo_tui.widgets.words import cut_middle, thousands

_EMPTY = """Runs appear here, those that train and those that are over.

Press 3 to launch the first one: it asks for a dataset definition and a recipe.
Folders of earlier runs are shown too, once the settings name them under `runs`."""


class RunsScreen(ModeScreen):
    MODE = "runs"
    CSS_PATH = "runs.tcss"
    AUTO_FOCUS = "RunsTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "finetune", "fine-tune from it", id="runs.finetune"),
        Binding("l", "app.mode('launch')", "launch", id="runs.launch", show=False),
        Binding("x", "cancel", "cancel", id="runs.cancel"),
        Binding("r", "resume", "go on", id="runs.resume", tooltip="go on with it (resume)"),
        Binding("slash", "filter", "filter", id="runs.filter"),
        Binding("escape", "clear_filter", "show all again", id="runs.clear_filter", show=False),
        Binding("y", "copy", "copy its path", id="runs.copy", show=False),
        Binding("ctrl+r", "look", "look at the queue now", id="runs.look", show=False),
    ]

    table = getters.query_one(RunsTable)
    rule = getters.query_one("#runs-rule", TitledRule)
    empty = getters.query_one(".empty", Static)
    about = getters.query_one("#about", Static)
    filter_line = getters.query_one(FilterLine)

    def body(self) -> ComposeResult:
        yield TitledRule("runs", id="runs-rule")
        yield FilterLine("RunsTable", "words in name, state or kind")
        yield Static("Looking for runs …", classes="empty", markup=False)
        yield RunsTable()
        yield Static(id="about", markup=False)

    def runs_seen(self, runs: Runs) -> None:
        found = tuple(run for run in runs.runs if _matches(run, self.filter_line.value))
        # Of these two only: a class of the screen's own would have every widget's style worked out again.
        self.table.set_class(bool(runs.runs), "-filled")
        self.empty.set_class(bool(runs.runs), "-filled")
        if self.app.has_looked and not runs.runs:
            self.empty.update("\n\n".join(filter(None, (_EMPTY, _queue_words(runs.queue)))))
        self.table.show(found)
        self._go_to_wanted(found)
        total = f"{thousands(len(runs.runs))} {'run' if len(runs.runs) == 1 else 'runs'}"
        hidden = len(found) < len(runs.runs)
        counted = f"{thousands(len(found))} of {total}" if hidden else total if runs.runs else ""
        self.rule.right = f"{OTHER_LOSS} {OTHER_LOSS_WORDS} · {counted}" if self.table.has_other_losses else counted
        self._tell_about()

    def _go_to_wanted(self, found: tuple[Run, ...]) -> None:
        """Put the cursor on the run that was just launched, once it is seen."""
        for run in found:
            if run.path and run.name == self.app.wanted:
                self.table.select(run)
                self.app.wanted = ""
                return

    @on(FilterLine.Filtered)
    def _filtered(self) -> None:
        self.runs_seen(self.app.runs)

    @on(DataTable.RowHighlighted)
    def _tell_about(self) -> None:
        """Below the table: where the selected run lies and why it is as it is; or why the truth is old."""
        run, runs = self.table.selected, self.app.runs
        said = _queue_words(runs.queue) if runs.runs else ""
        lines = [said] if said else []
        if run:
            lines += [
                printable(line) for line in (run.why, *(f"! {doubt}" for doubt in run.doubts), *run.notices) if line
            ]
            lines.append(cut_middle(_where(run), self.size.width - 2))
        self.about.update("\n".join(lines[:3]))

    @on(DataTable.RowSelected)
    def _open(self) -> None:
        # numpy and the plot are imported here, by whoever looks at a run, and not before the first frame
        from yogo_tui.screens.run import RunScreen

        if run := self.table.selected:
            self.app.push_screen(RunScreen(run))

    def action_filter(self) -> None:
        self.filter_line.open()

    def action_look(self) -> None:
        self.app.session.look_now()
        self.rule.right = "looking …"

    def action_copy(self) -> None:
        if (run := self.table.selected) and run.path:
            self.app.copy_path(run.path)
        elif run:
            self.app.copy(run.name)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        return action != "clear_filter" or bool(self.filter_line.value)

    def action_clear_filter(self) -> None:
        self.filter_line.action_leave()

    @work(exclusive=True, group="act")
    async def action_resume(self) -> None:
        if run := self.table.selected:
            await resume_run(self, run)

    @work(exclusive=True, group="act")
    async def action_cancel(self) -> None:
        if run := self.table.selected:
            await cancel_run(self, run)

    @work(exclusive=True, group="act")
    async def action_finetune(self) -> None:
        if run := self.table.selected:
            await finetune_from(self, run)


def _queue_words(queue: Queue) -> str:
    """Why the queue of the cluster is not known, or what is waited for; empty when it was just seen."""
    if queue.stale:
        return f"! {printable(queue.stale)}"
    return "" if queue.seen_at else "Waiting for the cluster to say what is in its queue …"


def _where(run: Run) -> str:
    if run.path or run.job is None:
        return str(run.path or "")
    return f"job {run.job.id}, {'from another workspace' if run.job.token else 'which the console did not start'}"


def _matches(run: Run, words: str) -> bool:
    text = f"{run.name} {run.state} {run.kind_word} {run.why}".lower()
    return all(word in text for word in words.lower().split())
