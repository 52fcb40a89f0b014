"""The leaderboard of a sweep, over the list of runs: the best trials first, and what can be done with all of them."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.advice import tui
from yogo_tui.runs.model import Run, RunState
from yogo_tui.screens.ask import Ask
from yogo_tui.screens.base import BACK, FramedScreen, changes
from yogo_tui.screens.choose import Choice, LinePrompt
from yogo_tui.screens.held_keys import reads_first
from yogo_tui.session import Runs
from yogo_tui.session.sweeps import PlannedSweep, stop_words, to_stop
from yogo_tui.sweeps.board import Board, BoardPlace, TrialRow, board_of, table_of
from yogo_tui.sweeps.record import Sweep
from yogo_tui.sweeps.space import texts_in
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.widgets.steady import SteadyText
from yogo_tui.words import GLYPHS, SIGNS_OF_STATES, cut_end, loss_words, padded, share_words

_LEGEND = f"""
States: {SIGNS_OF_STATES} · – missing: its folder is gone, and continue submits it again
mAP50 and best loss of trials that differ by their seed alone: mean ± standard deviation (number of trials)"""


class SweepBoard(FramedScreen):
    HELP = _LEGEND
    AUTO_FOCUS = "#board"
    CSS = """
    SweepBoard #about-sweep { height: auto; padding: 0 1; }
    SweepBoard #board-head { height: 1; padding: 0 1; color: $foreground-muted; }
    SweepBoard #board { height: 1fr; border: none; padding: 0; background: $background; }
    SweepBoard #trials { height: auto; max-height: 8; padding: 0 1; color: $foreground-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open its best trial", id="sweep.open", priority=True),
        Binding("x", "stop", "stop", id="sweep.stop", tooltip="cancel the trials that wait, or all"),
        Binding(
            "r", "continue", "continue", id="sweep.continue", tooltip="submit what has no job and has not finished"
        ),
        Binding("plus", "add", "add", id="sweep.add", tooltip="add trials: other values, or more draws"),
        Binding("y", "copy", "copy the command that shows it", id="sweep.copy", show=False),
        Binding("j", "move('cursor_down')", "next", id="sweep.next", show=False),
        Binding("k", "move('cursor_up')", "previous", id="sweep.previous", show=False),
        BACK,
    ]

    lines = getters.query_one("#board", OptionList)

    def __init__(self, sweep: Sweep) -> None:
        super().__init__()
        self._sweep = sweep
        self._board: Board | None = None

    def head(self) -> ComposeResult:
        yield TitledRule(f"sweep {printable(self._sweep.name)}")

    def body(self) -> ComposeResult:
        yield SteadyText(id="about-sweep", markup=False)
        yield SteadyText(id="board-head", markup=False)
        yield OptionList(id="board", compact=True, markup=False)
        yield SteadyText(id="trials", markup=False)

    def on_mount(self) -> None:
        super().on_mount()
        self.watch(self.app, "runs", self._runs_seen)

    def on_resize(self, event: Resize) -> None:
        super().on_resize(event)
        self._show()

    def _runs_seen(self, runs: Runs) -> None:
        board = board_of(self._sweep, runs.runs)
        if board != self._board:
            self._board = board
            self._show()

    def _show(self) -> None:
        if (board := self._board) is None:
            return
        self.query_one("#about-sweep", SteadyText).say(
            "\n".join(map(printable, filter(None, (str(board), board.note))))
        )
        head, rows = table_of(board)
        signs = [(*row[:-2], _signs(place), row[-1]) for row, place in zip(rows, board.places, strict=True)]
        widths = [max(map(cell_len, map(printable, column))) for column in zip(head, *signs, strict=True)]
        num_right = 1 + len(board.fields)

        def line(cells: tuple[str, ...]) -> str:
            parts = zip(cells, widths, strict=True)
            return "  ".join(
                padded(printable(cell), width, right=n < num_right) for n, (cell, width) in enumerate(parts)
            )

        self.query_one("#board-head", SteadyText).say(line(head))
        before = self.lines.highlighted
        self.lines.clear_options()
        self.lines.add_options([Option(f" {cut_end(line(row), self.size.width - 3)}") for row in signs])
        self.lines.highlighted = min(before or 0, len(rows) - 1)
        self._tell_trials()

    @property
    def _place(self) -> BoardPlace | None:
        row = self.lines.highlighted
        return self._board.places[row] if self._board and row is not None and self._board.places else None

    @on(OptionList.OptionHighlighted)
    def _tell_trials(self) -> None:
        """Show the trials of the row under the cursor, below the table."""
        rows = self._place.rows if self._place else ()
        self.query_one("#trials", SteadyText).say("\n".join(map(_trial_words, rows[:8])))

    def action_move(self, to: str) -> None:
        getattr(self.lines, f"action_{to}")()

    @on(OptionList.OptionSelected)
    def action_open(self) -> None:
        # imported once it is needed
        from yogo_tui.screens.run import RunScreen

        run = next((row.run for row in (self._place.rows if self._place else ()) if row.run), None)
        if run is None:
            self.app.notify("There is no run yet: r submits the trials that are missing.", markup=False)
        else:
            self.app.push_screen(RunScreen(run))

    def action_copy(self) -> None:
        self.app.copy(f"{tui()} sweep show {self._sweep.name}")

    @changes
    async def action_stop(self) -> None:
        """Ask, and cancel the trials that wait, or those that run too."""
        seen, sweep = self.app.runs.runs, self._sweep
        waiting, live = to_stop(sweep, seen), to_stop(sweep, seen, with_running=True)
        if not live:
            self.app.notify("No trial waits or runs.", markup=False)
            return
        runs: tuple[Run, ...] = live
        if waiting and len(waiting) < len(live):
            some = Choice(f"what waits: {counted(len(waiting), 'trial')}", "those that run go on")
            every = Choice(f"all: {counted(len(live), 'trial')}", "those that run save what they have")
            runs = await self.choose(f"stop {sweep.name}", ((waiting, some), (live, every))) or ()
        if not runs:
            return
        question: Ask = Ask(stop_words(sweep, runs))
        if await self.app.push_screen_wait(question):
            with self.app.telling("the trials were not cancelled"):
                await self.app.session.jobs.cancel(runs)
                self.app.notify(f"asked to cancel {counted(len(runs), 'trial')}", markup=False)

    @reads_first("looking at the trials")
    @changes
    async def action_continue(self) -> None:
        """Ask, and submit what has no job and has not finished; what failed, where one says so."""
        app, sweep, seen = self.app, self._sweep, self.app.runs.runs
        with_failed = False
        failed = [run for run in seen if run.launch and run.launch.sweep == sweep.name and run.state is RunState.FAILED]
        if failed:
            without = (False, Choice("without what failed", "trials that were stopped, cancelled, or have no folder"))
            with_it = (True, Choice(f"with what failed: {counted(len(failed), 'trial')}", "they are submitted again"))
            chosen = await self.choose(f"continue {sweep.name}", (without, with_it))
            if chosen is None:
                return
            with_failed = chosen
        with app.telling("nothing was submitted"):
            await self._submit(await app.session.sweeps.rest(sweep, seen, with_failed=with_failed))

    @changes
    async def action_add(self) -> None:
        """Ask for other values or a number of draws, and submit the new trials."""
        app, title = self.app, f"add to {self._sweep.name}: lr=1e-3 seed=3..4, or a number of trials to draw"
        said = await app.push_screen_wait(LinePrompt(title))
        if not said or not said.strip():
            return
        draws = int(said) if said.strip().isdecimal() else None
        texts = () if draws is not None else texts_in(said)
        with app.telling("nothing was added"):
            await self._submit(await app.session.sweeps.more(self._sweep, app.runs.runs, texts, sample=draws))

    async def _submit(self, planned: PlannedSweep) -> None:
        if sweep := await submit_after_asking(self, planned):
            self._sweep = sweep
            self._runs_seen(self.app.runs)


async def submit_after_asking(screen: FramedScreen, planned: PlannedSweep) -> Sweep | None:
    """Ask, with what it costs, and submit the trials. Returns the sweep as it is then; None if they were not submitted.
    Raises ConsoleError."""
    app = screen.app
    question = "\n".join((f"Submit {planned.launched(app.session.machine)}?", f"{planned.words}.", *planned.notes))
    if not await app.push_screen_wait(Ask(question, is_safe=True)):
        return None
    app.notify(f"submitting {printable(planned.sweep.name)} …", markup=False)
    submitted = await app.session.sweeps.submit(planned)
    app.notify(printable(submitted.notice or f"{planned.sweep.name} is array {submitted.array}"), markup=False)
    return submitted.sweep


def _signs(place: BoardPlace) -> str:
    """Such as "2✔ 1▶"."""
    states: dict[str, int] = {}
    for row in place.rows:
        states[_sign(row)] = states.get(_sign(row), 0) + 1
    return place.states if len(place.rows) == 1 else " ".join(f"{number}{sign}" for sign, number in states.items())


def _sign(row: TrialRow) -> str:
    return GLYPHS[row.run.state] if row.run else "–"


def _trial_words(row: TrialRow) -> str:
    figures = (
        f"mAP50 {share_words(row.map50)}" if row.map50 is not None else "",
        f"best loss {loss_words(row.loss)}" if row.loss is not None else "",
    )
    seed = f"seed {row.recipe.seed}"
    return printable("  ".join(filter(None, (f"{_sign(row)} {row.name}", row.state, seed, *figures))))
