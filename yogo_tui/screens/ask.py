"""Short questions and errors, over the screen that they are about. They stay until they are answered."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.events import Key
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from yogo.terminal import printable

if TYPE_CHECKING:
    from yogo_tui.screens.base import BaseConsole

_FLASH_SECONDS = 0.4


def clear_toasts(asking: Screen[Any]) -> None:
    """Take away what was notified before: it would cover the question, also from the screen below."""
    asking.app.clear_notifications()
    for screen in asking.app.screen_stack:
        screen.query("ToastHolder").remove()


class Ask(ModalScreen[bool]):
    """One sentence that can be read aloud. `y` is a yes, and so is enter where nothing can be lost by it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes", id="ask.yes"),
        Binding("enter", "safe_answer", "yes, where nothing can be lost", id="ask.enter", show=False),
        Binding("n,escape", "answer(False)", "no", id="ask.no"),
    ]

    def __init__(self, sentence: str, *, is_safe: bool = False) -> None:
        """`is_safe`: enter says yes too."""
        super().__init__()
        self._sentence = sentence
        self._is_safe = is_safe

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="paper"):
            yield Static(_lines(self._sentence), markup=False, id="sentence")
            yield Static(self._choices, classes="keys", markup=False)

    def on_mount(self) -> None:
        clear_toasts(self)

    @property
    def _choices(self) -> str:
        return "enter or y yes   n no" if self._is_safe else "y yes   n no"

    def on_key(self, event: Key) -> None:
        if event.is_printable and event.key not in ("y", "n"):
            event.stop()
            event.prevent_default()
            self._flash(event.character or event.key)

    def _flash(self, key: str) -> None:
        """Light up the answers, as this key is none of them."""
        keys = self.query_one(".keys", Static)
        keys.update(f"{self._choices}   ! {key} is no answer")
        keys.add_class("-flash")
        self.set_timer(_FLASH_SECONDS, partial(keys.remove_class, "-flash"))

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)

    def action_safe_answer(self) -> None:
        if self._is_safe:
            self.dismiss(True)
        else:
            self._flash("enter")


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
        cast("BaseConsole", self.app).copy(self._sentence)


def _lines(text: str) -> str:
    """Text of unknown origin, fit for the terminal, its line breaks kept."""
    return "\n".join(printable(line) for line in text.expandtabs(4).split("\n"))
