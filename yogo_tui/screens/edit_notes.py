"""The dialog for a title and a note, of a run or a recipe. It is imported when it is asked for."""

from __future__ import annotations

from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static, TextArea

from yogo.text.terminal import printable
from yogo_tui.screens.ask import Dialog
from yogo_tui.widgets.text_field import TextField


class TitleField(TextField):
    """It moves on itself, so that what is typed right behind the key goes into the note."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,enter,down", "to_note", "to the note", id="notes.to_note", show=False)
    ]

    def action_to_note(self) -> None:
        self.screen.set_focus(self.screen.query_one(TextArea))


class EditNotes(Dialog[tuple[str, str] | None]):
    """Returns title and note; None if the dialog was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "leave", id="notes.leave"),
        Binding("ctrl+s", "keep", "keep them", id="notes.keep"),
    ]

    title_field = getters.query_one(TextField)
    area = getters.query_one(TextArea)

    def __init__(self, head: str, title: str, note: str, *, empty: str, below: str = "") -> None:
        """`empty` stands in the line of the title while nothing is typed there."""
        super().__init__()
        self._head = head
        self._title = title
        self._note = note
        self._empty = empty
        self._below = below

    def compose(self) -> ComposeResult:
        with Vertical(classes="paper"):
            yield Static(printable(self._head), classes="title", markup=False)
            yield TitleField(self._title, compact=True, placeholder=self._empty)
            yield TextArea(self._note, compact=True, tab_behavior="focus", id="note")
            if self._below:
                yield Static(printable(self._below), markup=False)
            yield Static("ctrl+s keep   tab title or note   esc leave", classes="keys", markup=False)

    def action_keep(self) -> None:
        self.dismiss((self.title_field.value.strip(), self.area.text.strip()))
