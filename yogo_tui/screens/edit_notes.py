"""The dialog for a run's title and note, imported when it is asked for, as what it is made of takes a while."""

from __future__ import annotations

from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static, TextArea

from yogo.run.notes import Notes
from yogo.text.terminal import printable
from yogo_tui.runs.model import Run
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

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run

    def compose(self) -> ComposeResult:
        notes = self._run.notes or Notes()
        with Vertical(classes="paper"):
            yield Static(f"notes of {printable(self._run.name)}", classes="title", markup=False)
            yield TitleField(notes.title, compact=True, placeholder="a title, shown in place of the name")
            yield TextArea(notes.note, compact=True, tab_behavior="focus", id="note")
            if given := self._run.manifest.note if self._run.manifest else "":
                yield Static(f"at the launch: {printable(given)}", markup=False)
            yield Static("ctrl+s keep   tab title or note   esc leave", classes="keys", markup=False)

    def action_keep(self) -> None:
        self.dismiss((self.title_field.value.strip(), self.area.text.strip()))
