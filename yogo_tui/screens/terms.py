"""`m`: explains the columns of a table, a sentence or two each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from yogo_tui.screens.ask import Dialog
from yogo_tui.widgets.scrolled_text import ScrolledText


class Glossary(Dialog[None]):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,m,q", "dismiss", "close", id="terms.close")]

    def __init__(self, title: str, terms: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._title = title
        self._terms = tuple(terms)

    def compose(self) -> ComposeResult:
        table = Table.grid(padding=(0, 2))
        for name, about in self._terms:
            table.add_row(Text(name, "bold"), Text(about))
        with ScrolledText(classes="paper"):
            yield Static(self._title, classes="title", markup=False)
            yield Static(table)
            yield Static("↑ ↓ move   esc close", classes="keys")
