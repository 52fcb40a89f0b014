"""What a console shows until its machine is connected to: the modes, which machine it is, and what went wrong."""

from __future__ import annotations

from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from yogo.text.terminal import printable
from yogo_tui.screens.base import FramedScreen
from yogo_tui.widgets.mode_bar import ModeBar


class OpeningScreen(FramedScreen):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "app.connect", "connect again", id="opening.connect"),
        Binding("q", "app.quit", "leave", id="opening.quit"),
    ]

    mode_bar = getters.query_one(ModeBar)
    said = getters.query_one("#opening", Static)

    def __init__(self, host: str, mode: str) -> None:
        super().__init__()
        self._host = printable(host)
        self._mode = mode

    def head(self) -> ComposeResult:
        yield ModeBar(self._mode, self._host, "connecting")

    def body(self) -> ComposeResult:
        yield Static(f"Connecting to {self._host} …", id="opening", classes="empty", markup=False)

    def show_wanted(self, mode: str) -> None:
        """Mark the mode that is shown once the machine is connected to."""
        self.mode_bar.mode = mode

    def show_trying(self) -> None:
        self.said.update(f"Connecting to {self._host} …")

    def show_problem(self, problem: str) -> None:
        lines = "\n".join(printable(line) for line in problem.splitlines())
        self.said.update(f"! {lines}\n\nctrl+r connects again, and q leaves.")
