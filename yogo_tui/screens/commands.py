"""Commands: what the scheduler was asked, when, and how long each answer took."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import ClassVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from yogo.text.terminal import printable
from yogo_tui.cluster.asked import CommandLog
from yogo_tui.screens.base import BACK, FramedScreen
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.widgets.scrolled_text import ScrolledText
from yogo_tui.words import duration, size_words, thousands

_NONE = "This machine runs the jobs itself: no scheduler is asked."
_EVERY_SECONDS = 2.0


class CommandsScreen(FramedScreen):
    CSS = "CommandsScreen ScrolledText { padding: 0 1; }"
    HELP = """
took: from the question to the whole answer, the way to the machine included
ended: the exit status; – if no answer came
answer: its size, as text"""
    BINDINGS: ClassVar[list[BindingType]] = [BACK]

    def head(self) -> ComposeResult:
        yield TitledRule("what the scheduler was asked")

    def body(self) -> ComposeResult:
        with ScrolledText():
            yield Static(id="commands")

    def on_mount(self) -> None:
        self.query_one(ScrolledText).focus()
        self._num_shown = -1
        self._draw()
        self.set_interval(_EVERY_SECONDS, self._draw)

    def _draw(self) -> None:
        log = self.app.session.commands
        num = sum(total.times for total in log.totals) if log else 0
        if num == self._num_shown:
            return
        self._num_shown = num
        self.query_one(TitledRule).right = f"{thousands(num)} in {duration(log.seconds)}" if log else ""
        self.query_one("#commands", Static).update(Group(*_parts(log)) if log else _NONE)


def _parts(log: CommandLog) -> Iterator[RenderableType]:
    totals = Table.grid(padding=(0, 2))
    totals.add_row("", *(Text(word, "dim", justify="right") for word in ("times", "took in all", "each", "answers")))
    for total in log.totals:
        figures = (thousands(total.times), f"{total.seconds:.2f} s", f"{total.seconds_each:.3f} s")
        sizes = size_words(total.num_bytes)
        totals.add_row(total.program, *(Text(one, justify="right") for one in (*figures, sizes)))
    yield totals
    table = Table.grid(padding=(0, 2))
    table.add_row(*(Text(word, "dim") for word in ("\nat", "\ntook", "\nended", "\nanswer", "\ncommand")))
    for one in reversed(log.last):
        ended = "–" if one.status is None else str(one.status)
        table.add_row(
            f"{one.at.astimezone():%H:%M:%S}",
            Text(f"{one.seconds:.3f} s", justify="right"),
            Text(ended, justify="right"),
            Text(size_words(one.num_bytes), justify="right", no_wrap=True),
            Text(printable(shlex.join(one.words)), no_wrap=True, overflow="ellipsis"),
        )
    yield table
