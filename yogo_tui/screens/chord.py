"""The second key of two: what the first one can be followed by is shown until it is pressed."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.content import Content
from textual.events import Key
from textual.widgets import Static

from yogo_tui.screens.ask import Dialog
from yogo_tui.widgets.key_bar import key_word


class Chord(Dialog[ActiveBinding | None]):
    """Returns the binding that the two keys have; None for any other key."""

    CSS = """
    Chord { align: center bottom; background: transparent; }
    Chord Static { width: 100%; height: auto; padding: 0 1; background: $surface; }
    """

    def __init__(self, first: str, followers: Sequence[ActiveBinding]) -> None:
        super().__init__()
        self._first = first
        self._followers = {entry.binding.key.partition(" ")[2]: entry for entry in followers}

    def compose(self) -> ComposeResult:
        parts: list[str | tuple[str, str]] = [(key_word(self._first), "bold $primary"), " …"]
        for key, entry in self._followers.items():
            parts += ["   ", (key_word(key), "bold"), f" {entry.binding.description}"]
        yield Static(Content.assemble(*parts, "   ", ("esc", "bold"), " leave"))

    def on_key(self, event: Key) -> None:
        event.stop()
        event.prevent_default()
        entry = self._followers.get(event.key)
        if entry is None and event.key != "escape":
            self.app.notify(f"{key_word(self._first)} {key_word(event.key)} does nothing here", markup=False)
        self.dismiss(entry)
