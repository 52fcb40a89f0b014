"""`?`: shows all keys that work here, from the bindings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.table import Table
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.widgets import Static

from yogo.text.terminal import printable
from yogo_tui.screens.ask import Dialog
from yogo_tui.widgets.key_bar import key_word, why_not
from yogo_tui.widgets.scrolled_text import ScrolledText

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
"""Descriptions of the keys of Textual's own widgets."""

_MOVES = frozenset(
    "move page first last cursor_down cursor_up page_down page_up scroll_down scroll_up scroll_left scroll_right "
    "scroll_home scroll_end".split()
)


class Help(Dialog[None]):
    DEFAULT_CSS = "Help .not-now { color: $foreground-muted; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,question_mark,q", "dismiss", "close", id="help.close"),
    ]

    def __init__(self, active: Iterable[ActiveBinding], more: str = "") -> None:
        """`more` is what else there is to know, below the keys."""
        super().__init__()
        self._more = more
        self._active = tuple(active)

    def compose(self) -> ComposeResult:
        with ScrolledText(classes="paper"):
            yield Static("keys that work here", classes="title")
            yield Static(self._table(""), id="keys")
            for why in dict.fromkeys(filter(None, map(why_not, self._entries))):
                yield Static(f"\n{printable(why)}", classes="not-now", markup=False)
                yield Static(self._table(why), classes="not-now")
            if self._more:
                yield Static(self._more, id="more", markup=False)
            yield Static("esc close", classes="keys")

    @property
    def _entries(self) -> list[ActiveBinding]:
        """First what is done with the keys, then how one moves."""
        return sorted((entry for entry in self._active if _words(entry.binding)), key=only_moves)

    def _table(self, why: str) -> Table:
        """Of the keys that cannot act now, because of `why`; of those that can, if that is empty."""
        table = Table.grid(padding=(0, 2))
        entries = [entry.binding for entry in self._entries if why_not(entry) == why]
        seen: set[str] = set()
        for binding in entries:
            if binding.action not in seen:
                seen.add(binding.action)
                keys = sorted({key_word(b.key) for b in entries if b.action == binding.action})
                table.add_row(" ".join(keys), _words(binding))
        return table


def only_moves(entry: ActiveBinding) -> bool:
    """Whether it is a key of Textual's own, or one that only moves in a list."""
    return not entry.binding.id or entry.binding.action.partition("(")[0] in _MOVES


def _words(binding: Binding) -> str:
    """What a key does; empty for a key of Textual's that is not shown."""
    if binding.id:
        return binding.tooltip or binding.description
    return _OF_TEXTUAL.get(binding.action.removeprefix("screen.").removeprefix("app."), "")
