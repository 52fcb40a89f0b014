"""A form in a dialog: what is typed is checked at once, kept together, and not lost without a question."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import DescendantFocus
from textual.widgets import Static

from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.screens.ask import Ask, Dialog
from yogo_tui.widgets.key_bar import key_of
from yogo_tui.widgets.knob_form import KnobForm, UndoableInput

Made = TypeVar("Made")


class DialogInput(UndoableInput):
    END: ClassVar = "ctrl+s keeps the changes, and esc leaves the form."


class FormDialog(Dialog[Made | None], Generic[Made]):
    """Returns what the form makes; None if the form was left."""

    CSS_PATH = "form_dialog.tcss"
    AUTO_FOCUS = "DialogInput"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "keep", "keep the changes", id="change.keep"),
        Binding("ctrl+r", "reset", "take all changes back", id="change.reset"),
        Binding("escape", "leave", "leave", id="change.leave"),
    ]

    form = getters.query_one(KnobForm)

    def __init__(self, title: str) -> None:
        super().__init__()
        self._form_title = title
        self._first: Mapping[str, str] = {}
        """What the fields hold at first."""

    @abstractmethod
    def make_form(self) -> KnobForm[Made]:
        """The form."""

    @abstractmethod
    def show_form(self) -> None:
        """Fill the form."""

    @abstractmethod
    def count(self, made: Made) -> int:
        """How many changes it is."""

    @abstractmethod
    def about(self, name: str) -> str:
        """The help of a field."""

    @abstractmethod
    def unchanged(self) -> Mapping[str, Any]:
        """What the fields hold without changes."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="paper"):
            yield Static(printable(self._form_title), classes="title", markup=False)
            yield self.make_form()
            yield Static(id="about", markup=False)
            yield Static(classes="keys", id="keys", markup=False)

    def on_mount(self) -> None:
        super().on_mount()
        self.show_form()
        self._first = self.form.texts
        self._tell(*self.form.read())
        if isinstance(self.focused, DialogInput):  # it had the focus before it held anything
            self.focused.select_all()

    @on(KnobForm.Changed)
    def _typed(self, event: KnobForm.Changed) -> None:
        self._tell(event.made, event.problem)

    def _tell(self, made: Made | None, problem: str) -> None:
        keep, reset, leave = (key_of(self, f"change.{name}") for name in ("keep", "reset", "leave"))
        first = f"✖ {problem}" if made is None else f"{keep} keep {counted(self.count(made), 'change')}"
        self.query_one("#keys", Static).update(
            f"{printable(first)}   enter next field   ctrl+z undo   {reset} all back   {leave} leave"
        )

    @on(DescendantFocus)
    def _tell_about(self) -> None:
        name = self.focused.name if self.focused else None
        self.query_one("#about", Static).update(printable(self.about(name or "")))

    def action_keep(self) -> None:
        made, problem = self.form.read()
        if made is None:
            self.app.notify(problem, title="not kept", severity="warning", markup=False)
        else:
            self.dismiss(made)

    def action_reset(self) -> None:
        self.form.fill_all(self.unchanged())

    @work(exclusive=True, group="leave")
    async def action_leave(self) -> None:
        """Leave, and ask first if something was typed that would be lost."""
        if self.form.texts != self._first and not await self.app.push_screen_wait(
            Ask("Leave the changes that you typed?")
        ):
            return
        self.dismiss(None)
