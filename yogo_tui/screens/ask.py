"""Short questions and errors, shown over the screen that they are about, until the user answers."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.events import Event, Key, Mount
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from yogo.text.terminal import printable
from yogo_tui.widgets.scrolled_text import ScrolledText

_FLASH_SECONDS = 0.4

Answer = TypeVar("Answer")


class WholeScreen(Screen[Answer]):
    """A screen on which nothing begins if a key right behind the one that opened it has closed it, or has ended the
    console: it has no parts."""

    async def on_event(self, event: Event) -> None:
        if not (isinstance(event, Mount) and (self._pruning or not self.children)):
            await super().on_event(event)


class Dialog(ModalScreen[Answer], WholeScreen[Answer]):
    """A dialog over another screen. Earlier notifications are removed, so that they do not cover it."""

    def on_mount(self) -> None:
        self.app.clear_notifications()
        for screen in self.app.screen_stack:
            screen.query("ToastHolder").remove()

    def dismiss(self, result: Answer | None = None) -> AwaitComplete:
        """Answer, once: a key right behind the one that answered would close the screen below."""
        return super().dismiss(result) if self.is_active else AwaitComplete()


class Ask(Dialog[bool]):
    """A yes-or-no question in one sentence. `y` means yes; enter does too, if nothing can be lost."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes", id="ask.yes"),
        Binding("enter", "safe_answer", "yes, where nothing can be lost", id="ask.enter", show=False),
        Binding("n,escape", "answer(False)", "no", id="ask.no"),
    ]

    def __init__(self, sentence: str, *, is_safe: bool = False) -> None:
        """With `is_safe`, enter means yes too."""
        super().__init__()
        self._sentence = sentence
        self._is_safe = is_safe

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="paper"):
            yield Static(_lines(self._sentence), markup=False, id="sentence")
            yield Static(self._choices, classes="keys", markup=False)

    @property
    def _choices(self) -> str:
        return "enter or y yes   n no" if self._is_safe else "y yes   n no"

    def on_key(self, event: Key) -> None:
        if event.is_printable and event.key not in ("y", "n"):
            event.stop()
            event.prevent_default()
            self._flash(event.character or event.key)

    def _flash(self, key: str) -> None:
        """Highlight the answers, because `key` is not one of them."""
        keys = self.query_one(".keys", Static)
        keys.update(f"{self._choices}   ! {key} is not an answer")
        keys.add_class("-flash")
        self.set_timer(_FLASH_SECONDS, partial(keys.remove_class, "-flash"))

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)

    def action_safe_answer(self) -> None:
        if self._is_safe:
            self.dismiss(True)
        else:
            self._flash("enter")


class Notice(Dialog[None]):
    """An error, or what a person asked to be told, shown until they close it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss", "close", id="notice.close"),
        Binding("y", "copy", "copy", id="notice.copy"),
    ]

    def __init__(self, title: str, sentence: str, *, sign: str = "✖ ") -> None:
        super().__init__()
        self._title = f"{sign}{title}"
        self._sentence = sentence

    def compose(self) -> ComposeResult:
        with ScrolledText(classes="paper"):
            yield Static(_lines(self._title), classes="title", markup=False)
            yield Static(_lines(self._sentence), markup=False, id="sentence")
            yield Static("esc close   y copy", classes="keys", markup=False)

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self._sentence)


def _lines(text: str) -> str:
    """`text` made safe for the terminal, with its line breaks."""
    return "\n".join(printable(line) for line in text.expandtabs(4).split("\n"))
