"""What differs between the data of two runs, over the screen that compares them."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from yogo.definition.data_difference import DataDifference
from yogo.definition.difference_report import difference_report
from yogo.text.terminal import printable
from yogo_tui.screens.ask import Dialog
from yogo_tui.widgets.scrolled_text import ScrolledText


class DataDialog(Dialog[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,d,q", "dismiss", "close", id="data.close"),
        Binding("y", "copy", "copy", id="data.copy"),
    ]

    def __init__(self, found: DataDifference) -> None:
        super().__init__()
        command = f"yogo-tui data diff --all {' '.join(found.names)} names all"
        self._lines = [printable(line) for line in difference_report(found, command)]

    def compose(self) -> ComposeResult:
        with ScrolledText(classes="paper"):
            yield Static("\n".join(self._lines), markup=False)
            yield Static("↑ ↓ move   esc close   y copy", classes="keys", markup=False)

    def action_copy(self) -> None:
        self.app.copy_to_clipboard("\n".join(self._lines))
