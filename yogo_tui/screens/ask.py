"""Short questions and errors, over the screen that they are about. They stay until they are answered."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from yogo.terminal import printable


class Ask(ModalScreen[bool]):
    """One sentence that can be read aloud; only `y` is a yes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes", id="ask.yes"),
        Binding("n,escape", "answer(False)", "no", id="ask.no"),
    ]

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self._sentence = sentence

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="paper"):
            yield Static(_lines(self._sentence), markup=False, id="sentence")
            yield Static("y yes   n no", classes="keys", markup=False)

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)


class Notice(ModalScreen[None]):
    """Something that went wrong, until it is read."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter", "dismiss", "close", id="notice.close"),
        Binding("y", "copy", "copy", id="notice.copy"),
    ]

    def __init__(self, title: str, sentence: str) -> None:
        super().__init__()
        self._title = title
        self._sentence = sentence

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="paper"):
            yield Static(f"✖ {_lines(self._title)}", classes="title", markup=False)
            yield Static(_lines(self._sentence), markup=False, id="sentence")
            yield Static("esc close   y copy", classes="keys", markup=False)

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self._sentence)
        self.query_one(".keys", Static).update("esc close   copied")


def _lines(text: str) -> str:
    """Text of unknown origin, fit for the terminal, its line breaks kept."""
    return "\n".join(printable(line) for line in text.expandtabs(4).split("\n"))
