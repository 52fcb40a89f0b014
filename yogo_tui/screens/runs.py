"""Runs: lists all runs, live and past."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Resize

from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.cluster.base import Queue
from yogo_tui.errors import ConsoleError
from yogo_tui.listing.columns import COLUMNS, Column, chosen, find, sortable
from yogo_tui.listing.groups import Group, Grouping, grouped, groupings
from yogo_tui.listing.losses import OTHER_LOSS, OTHER_LOSS_WORDS
from yogo_tui.listing.order import DEFAULT, Order
from yogo_tui.listing.query import Query, parse
from yogo_tui.runs.model import Run
from yogo_tui.screens.base import ModeScreen, changes
from yogo_tui.screens.choose import Choice
from yogo_tui.screens.note_actions import NoteActions
from yogo_tui.screens.runs_preview import PreviewsRun
from yogo_tui.screens.sweep_actions import SweepActions
from yogo_tui.screens.trash_actions import TrashActions
from yogo_tui.screens.wandb_actions import WandbActions
from yogo_tui.session import Runs
from yogo_tui.widgets.filter_line import FilterLine
from yogo_tui.widgets.folded import Folded
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.widgets.run_preview import RunPreview
from yogo_tui.widgets.runs_table import RunsTable
from yogo_tui.widgets.steady import SteadyText
from yogo_tui.words import SIGNS_OF_STATES, cut_middle, size_words, thousands

_EMPTY = """Runs appear here, both live and past.

Press 3 to launch the first one: it asks for a dataset definition and a recipe.
Folders of earlier runs are shown too, if the settings name them under `runs`."""


_LEGEND = f"""
States: {SIGNS_OF_STATES}

Before a run: ● marked · ▲ pinned

"""


class RunsScreen(SweepActions, WandbActions, PreviewsRun, TrashActions, NoteActions, ModeScreen):
    MODE = "runs"
    HELP = _LEGEND + "\n".join(f"{column.key}: {column.help}" for column in COLUMNS)
    CSS_PATH = "runs.tcss"
    AUTO_FOCUS = "RunsTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", id="runs.open"),
        Binding("c", "finetune", "fine-tune from it", id="runs.finetune"),
        Binding("l", "app.mode('launch')", "launch", id="runs.launch", show=False),
        Binding("x", "cancel", "cancel", id="runs.cancel"),
        Binding("r", "resume", "go on", id="runs.resume", tooltip="go on with it (resume)"),
        Binding(
            "A",
            "again",
            "launch it again",
            id="runs.again",
            show=False,
            tooltip="launch the same again, under a new name",
        ),
        Binding("o", "results", "results: confusion, classes, worst images", id="runs.results", show=False),
        Binding("d", "details", "details: recipe, parent, metrics, files", id="runs.details", show=False),
        Binding("w", "why", "why", id="runs.why", show=False, tooltip="why it waits or failed, and what to do"),
        Binding(
            "u",
            "use",
            "use it",
            id="runs.use",
            tooltip="use it: test, assay, infer, label; export all marked",
        ),
        Binding("O", "made", "open assays, reviews and choices that its jobs made", id="runs.made", show=False),
        Binding("equals_sign", "compare", "compare", id="runs.compare", show=False, tooltip="compare the marked runs"),
        Binding("H", "hold", "hold or release", id="runs.hold", show=False, tooltip="hold its job, or release it"),
        Binding("R", "requeue", "requeue", id="runs.requeue", show=False, tooltip="put its job back into the queue"),
        Binding("F", "forget", "forget a failed launch", id="runs.forget", show=False),
        Binding("slash", "filter", "filter", id="runs.filter"),
        Binding(
            "s", "sort", "sort", id="runs.sort", show=False, tooltip="sort by a column; the same one again turns it"
        ),
        Binding("b", "group", "group", id="runs.group", show=False, tooltip="group by chain, tag or a column"),
        Binding("C", "columns", "choose the columns", id="runs.columns", show=False),
        Binding("escape", "clear_filter", "no marks; show all again", id="runs.clear_filter", show=False),
        Binding("y", "copy", "copy its path", id="runs.copy", show=False),
        Binding("ctrl+r", "look", "look at the queue now", id="runs.look", show=False),
    ]

    table = getters.query_one(RunsTable)
    rule = getters.query_one("#runs-rule", TitledRule)
    empty = getters.query_one(".empty", SteadyText)
    about = getters.query_one("#about", Folded)
    where = getters.query_one("#where", SteadyText)
    filter_line = getters.query_one(FilterLine)

    order: Order = DEFAULT
    wanted: Query = Query()
    grouping: Grouping | None = None
    _shows_sizes: bool = False
    _preview_width: int = 0
    _problem: str = ""
    """What is wrong with the columns in the settings."""

    _before: Run | None = None
    """The run that was selected last."""

    @property
    def acted_on(self) -> Run | None:
        return self.table.selected

    @property
    def marked(self) -> tuple[Run, ...]:
        return self.table.marked

    def unmark(self) -> None:
        self.table.mark(())

    def body(self) -> ComposeResult:
        yield TitledRule("runs", id="runs-rule")
        yield FilterLine("RunsTable", "words, state:failed, tag:paper, lr>0.001, age<2d")
        yield SteadyText("Looking for runs …", classes="empty", markup=False)
        with Horizontal(id="list"):
            yield RunsTable()
            yield RunPreview()
        yield Folded(5, "enter, then d, shows all", id="about")
        yield SteadyText(id="where", markup=False)

    def runs_seen(self, runs: Runs) -> None:
        now = datetime.now(UTC)
        found = self.order.of(self.wanted.of(self._sized(runs.runs), now), now)
        groups = self._groups(tuple(sorted(found, key=lambda run: not run.is_pinned)), now)
        found = tuple(run for group in groups for run in group.runs)
        # Only these two get the class: a class on the screen would restyle all widgets.
        self.table.set_class(bool(found), "-filled")
        self.empty.set_class(bool(found), "-filled")
        if runs.runs:
            self.empty.say(f"No run is as “{printable(self.filter_line.value)}” says.")
        elif self.app.has_looked:
            self.empty.say("\n\n".join(filter(None, (_EMPTY, _queue_words(runs.queue)))))
        before = self.table.selected or self._before
        head = {self.order.column.key: f"{self.order.column.key}{self.order.sign}"}
        headings = {group.runs[0].key: str(group) for group in groups if group.name}
        branches = {key: branch for group in groups for key, branch in group.drawn.items()}
        self.table.show(found, self._columns(), head, headings, branches)
        self._before = before
        if before:  # a filter may have hidden and shown it again
            self.table.select(before)
        self._go_to_wanted(found)
        self._tell_about_list()
        self._tell_about()

    @on(RunsTable.Marked)
    def _tell_about_list(self) -> None:
        self.refresh_bindings()
        self.rule.right = " · ".join(self._said_of_list())

    def _said_of_list(self) -> Iterator[str]:
        shown, num_runs = self.table.num_runs, len(self.app.runs.runs)
        if self._problem:
            yield self._problem
        if marked := self.table.marked:
            yield f"{thousands(len(marked))} marked"
        if self.table.has_other_losses:
            yield f"{OTHER_LOSS} {OTHER_LOSS_WORDS}"
        if self.grouping:
            yield f"grouped by {self.grouping.name}"
        if self.order != DEFAULT:
            yield str(self.order)
        if self._shows_sizes and (num_bytes := sum(run.num_bytes or 0 for run in self.table.runs)):
            yield f"{size_words(num_bytes)} on the disk, Z cleans up"
        if num_runs:
            yield f"{thousands(shown)} of {counted(num_runs, 'run')}" if shown < num_runs else counted(num_runs, "run")

    def _sized(self, runs: tuple[Run, ...]) -> tuple[Run, ...]:
        """The runs with their sizes, where these are shown or asked for; what is not measured yet is measured."""
        asked = (*self._columns(), self.order.column)
        self._shows_sizes = find("size") in asked or "size" in self.filter_line.value
        if not self._shows_sizes:
            return runs
        runs = self.app.session.runs.with_sizes(runs)
        if any(run.path and run.num_bytes is None for run in runs):
            self.measure()
        return runs

    def measure(self) -> None:
        """Measure what the runs take on the disk, in the background, one such work at a time."""
        if not any(worker.group == "sizes" and not worker.is_finished for worker in self.workers):
            self._measure()

    @work(group="sizes")
    async def _measure(self) -> None:
        with self.app.telling("the sizes were not measured", is_asked=False):
            with self.app.tasks.under_way("measuring the folders of the runs"):
                await self.app.session.runs.measure(self.app.runs.runs)
            self.runs_seen(self.app.runs)

    def _groups(self, found: tuple[Run, ...], now: datetime) -> tuple[Group, ...]:
        """One without a name, where nothing is grouped."""
        if self.grouping is None:
            return (Group("", found),) if found else ()
        return grouped(found, self.grouping, self.app.runs.runs, now)

    def _columns(self) -> tuple[Column, ...]:
        """Those of the settings; the usual ones, where the settings name one that is not there, which is told."""
        names = self.app.session.settings.columns
        try:
            own, self._problem = chosen(names, 0) if names else (), ""
        except ConsoleError as error:
            own, self._problem = (), printable(str(error))
        self._preview_width = self.preview_width(own)
        return own or chosen((), self.size.width - self._preview_width)

    def preview_switched(self) -> None:
        self.runs_seen(self.app.runs)

    def on_resize(self, _event: Resize) -> None:
        if self.app.has_looked:
            self.runs_seen(self.app.runs)

    def _go_to_wanted(self, found: tuple[Run, ...]) -> None:
        """Move the cursor to the run that was just launched, once it is listed."""
        for run in found:
            if run.path and run.name == self.app.wanted:
                self.table.select(run)
                self.app.wanted = ""
                return
        if self.filter_line.value and any(run.path and run.name == self.app.wanted for run in self.app.runs.runs):
            self.filter_line.close()  # which lists all of them anew
            self.app.notify(f"the filter is cleared: it hid {self.app.wanted}", markup=False)

    @on(FilterLine.Filtered)
    def _filtered(self, event: FilterLine.Filtered) -> None:
        """Show what holds. A filter that is not whole yet leaves the list as it is, and says why."""
        try:
            self.wanted = parse(event.words)
        except ConsoleError as error:
            self.rule.right = printable(str(error))
        else:
            self.runs_seen(self.app.runs)

    @work(exclusive=True, group="sort")
    async def action_sort(self) -> None:
        """Choose the column to sort by; the one that it is sorted by is turned round."""
        by = {one.key: (one, Choice(f"{Order(one)}", one.help)) for one in sortable()}
        chosen = await self.choose("sort the runs", tuple(by.values()), self.order.column)
        if chosen:
            self.order = self.order.turned if chosen == self.order.column else Order(chosen)
            self.runs_seen(self.app.runs)

    @work(exclusive=True, group="sort")
    async def action_group(self) -> None:
        """Choose what the list is grouped by, or take the groups away."""
        known = [(one, Choice(one.name, one.help)) for one in groupings().values()]
        none = Grouping("no groups", "", lambda *_: "", "")
        chosen = await self.choose("group the runs by", [(none, Choice("no groups", "one list")), *known])
        if chosen:
            self.grouping = None if chosen is none else chosen
            self.runs_seen(self.app.runs)

    @changes
    async def action_columns(self) -> None:
        """Choose the columns and their order, and keep them in the settings."""
        # most never ask for it
        from yogo_tui.screens.columns import ChooseColumns

        columns = await self.app.push_screen_wait(ChooseColumns(self._columns()))
        if columns is None:
            return
        with self.app.telling("the columns were not kept"):
            await self.app.session.keep_columns(columns)
            self.app.notify(f"kept in {printable(str(self.app.session.settings.file))}", markup=False)
            self.runs_seen(self.app.runs)

    @on(RunsTable.CursorMoved)
    def _tell_about(self) -> None:
        """Show below the table the selected run's path and why it is in its state, or why the list is out of date."""
        run, runs = self.table.selected, self.app.runs
        said = _queue_words(runs.queue) if runs.runs else ""
        self.show_preview(run, self._preview_width)
        # The pane tells why it is in its state.
        remarks = map(printable, run.remarks) if run and not self._preview_width else ()
        lines = [*([said] if said else []), *remarks]
        self.about.update("\n".join(lines))
        self.about.display = bool(lines)
        self.where.say(cut_middle(_where(run), self.size.width - 2) if run else "")
        self.refresh_bindings()

    @on(RunsTable.Chosen)
    def action_open(self) -> None:
        self._open(with_details=False)

    def action_details(self) -> None:
        self._open(with_details=True)

    def _open(self, *, with_details: bool) -> None:
        # imported once it is needed, because it must not delay the first frame
        from yogo_tui.screens.run import RunScreen

        if run := self.chosen_run():
            self.app.push_screen(RunScreen(run, with_details=with_details))

    def action_results(self) -> None:
        from yogo_tui.screens.results import ResultsScreen

        if run := self.chosen_run():
            self.app.push_screen(ResultsScreen(run))

    def action_compare(self) -> None:
        with self.app.telling("these runs cannot be compared"):
            self.app.open_compare(self.marked)

    def action_filter(self) -> None:
        self.filter_line.open()

    def action_look(self) -> None:
        self.app.session.runs.look_now()
        self.rule.right = "looking …"
        if self._shows_sizes:
            self.measure()

    def action_copy(self) -> None:
        if run := self.chosen_run():
            if run.path:
                self.app.copy_path(run.path)
            else:
                self.app.copy(run.name)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        return action != "clear_filter" or bool(self.filter_line.value or self.table.marked)

    def action_clear_filter(self) -> None:
        """Take the marks away; without marks, the filter."""
        if self.table.marked:
            self.unmark()
        else:
            self.filter_line.action_leave()


def _queue_words(queue: Queue) -> str:
    """Why the cluster's queue is not known, or what the console waits for; empty if the queue was just seen."""
    if queue.stale:
        return f"! {printable(queue.stale)}"
    return "" if queue.seen_at else "Waiting for the cluster to say what is in its queue …"


def _where(run: Run) -> str:
    if run.path or run.job is None:
        return str(run.path or "")
    return f"job {run.job.id}: {run.of_job}"
