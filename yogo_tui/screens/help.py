"""`?`: every key that works here, drawn from the bindings themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.table import Table
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from yogo_tui.widgets.key_bar import key_word

_OF_TEXTUAL = {
    "copy_text": "copy what the mouse has marked",
    "focus_next": "the next part of the screen",
    "focus_previous": "the part of the screen before",
    "cursor_up": "up",
    "cursor_down": "down",
    "page_up": "a page up",
    "page_down": "a page down",
    "scroll_up": "up",
    "scroll_down": "down",
    "scroll_top": "the start",
    "scroll_bottom": "the end",
    "first": "the first",
    "last": "the last",
    "toggle_node": "open or close a folder",
    "cursor_parent": "the folder above",
}
"""What the keys do that come with Textual's own widgets."""


class Help(ModalScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "dismiss", "close", id="help.close"),
    ]

    def __init__(self, active: Iterable[ActiveBinding]) -> None:
        super().__init__()
        self._active = tuple(active)

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="paper"):
            yield Static("keys that work here", classes="title")
            yield Static(self._table(), id="keys")
            yield Static("esc close", classes="keys")

    def _table(self) -> Table:
        """The bindings that have an id, which are ours, first; then those of the widget in focus."""
        table = Table.grid(padding=(0, 2))
        entries = [entry.binding for entry in self._active if _words(entry.binding)]
        seen: set[str] = set()
        for binding in sorted(entries, key=lambda binding: binding.id is None):
            if binding.action not in seen:
                seen.add(binding.action)
                keys = sorted({key_word(b.key) for b in entries if b.action == binding.action})
                table.add_row(" ".join(keys), _words(binding))
        return table


def _words(binding: Binding) -> str:
    """What a key does, in the console's words; empty for one of Textual's that need not be told."""
    if binding.id:
        return binding.tooltip or binding.description
    return _OF_TEXTUAL.get(binding.action.removeprefix("screen.").removeprefix("app."), "")
