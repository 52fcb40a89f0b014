"""Why a run is as it is, over the screen that lists it."""

from __future__ import annotations

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from yogo.text.terminal import printable
from yogo_tui.runs.why import Why
from yogo_tui.screens.ask import Dialog
from yogo_tui.widgets.scrolled_text import ScrolledText
from yogo_tui.words import state_words


class WhyDialog(Dialog[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,w,q", "dismiss", "close", id="why.close"),
        Binding("y", "copy", "copy", id="why.copy"),
    ]

    def __init__(self, why: Why) -> None:
        super().__init__()
        self._why = why

    def compose(self) -> ComposeResult:
        with ScrolledText(classes="paper"):
            yield Static(f"{printable(self._why.run.name)}  {state_words(self._why.run)}", markup=False)
            yield Static(self._table(), id="why-lines")
            yield Static("esc close   y copy", classes="keys", markup=False)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for title, words in self._why.lines():
            table.add_row(Text(title, "bold"), Text(printable(words), overflow="fold"))
        return table

    def action_copy(self) -> None:
        self.app.copy_to_clipboard("\n".join(f"{title} {words}".strip() for title, words in self._why.lines()))
