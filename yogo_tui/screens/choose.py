"""One of several things, chosen from a list that narrows as one types; and one line of text, checked as it is typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from yogo.terminal import printable
from yogo_tui.screens.ask import clear_toasts
from yogo_tui.widgets.words import cut_middle

_WIDTH = 70


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the list, and what is said of it."""

    words: str
    about: str = ""
    problem: str = ""
    """Why it cannot be chosen; empty when it can."""


class Choose(ModalScreen[int | None]):
    """Answers with the index of what was chosen; None when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "leave", id="choose.leave"),
        Binding("down", "move(1)", "next", id="choose.next", show=False, priority=True),
        Binding("up", "move(-1)", "previous", id="choose.previous", show=False, priority=True),
    ]

    options = getters.query_one(OptionList)

    def __init__(self, title: str, choices: Sequence[Choice], selected: int | None = None) -> None:
        super().__init__()
        self._title = title
        self._choices = tuple(choices)
        self._selected = selected

    def compose(self) -> ComposeResult:
        with Vertical(classes="paper"):
            yield Static(self._title, classes="title", markup=False)
            yield Input(placeholder="type to narrow", compact=True)
            yield OptionList(compact=True, markup=False)
            yield Static("enter choose   ↑ ↓ move   esc leave", classes="keys")

    def on_mount(self) -> None:
        clear_toasts(self)
        self.options.can_focus = False
        self._list("")
        if self._selected is not None:
            self.options.highlighted = self._selected

    @on(Input.Changed)
    def _narrow(self, event: Input.Changed) -> None:
        self._list(event.value)

    def _list(self, words: str) -> None:
        self.options.clear_options()
        typed = words.lower().split()
        ranked = ((_rank(choice, typed), index, choice) for index, choice in enumerate(self._choices))
        for _, index, choice in sorted((one for one in ranked if one[0] is not None), key=lambda one: one[:2]):
            self.options.add_option(Option(_line(choice), id=str(index), disabled=bool(choice.problem)))
        self.options.action_first()

    def action_move(self, by: int) -> None:
        if by > 0:
            self.options.action_cursor_down()
        else:
            self.options.action_cursor_up()

    @on(Input.Submitted)
    def _chosen(self) -> None:
        if (option := self.options.highlighted_option) and option.id:
            self.dismiss(int(option.id))

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(int(event.option.id or 0))


def _rank(choice: Choice, typed: Sequence[str]) -> int | None:
    """How well it is what was typed, 0 the best: titles go before what is said of them. None where it is not."""
    title = choice.words.lower()
    if not all(word in f"{title} {choice.about.lower()}" for word in typed):
        return None
    if not all(word in title for word in typed):
        return 2
    return 0 if title.startswith(" ".join(typed)) else 1


def _line(choice: Choice) -> Content:
    words = cut_middle(choice.words, 44)
    about = printable(choice.problem or choice.about)[: _WIDTH - len(words) - 2]
    return Content.assemble(words, "  ", (about, "$error" if choice.problem else "$foreground-muted"))


class Prompt(ModalScreen[str | None]):
    """Answers with what was typed; None when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "leave", id="prompt.leave")]

    def __init__(self, title: str, value: str = "", *, check: Callable[[str], str] = lambda _: "") -> None:
        """`check` says what is wrong with what was typed so far; empty when nothing is."""
        super().__init__()
        self._title = title
        self._value = value
        self._check = check

    def compose(self) -> ComposeResult:
        with Vertical(classes="paper"):
            yield Static(self._title, classes="title", markup=False)
            yield Input(self._value, compact=True)
            yield Static(id="wrong", markup=False)
            yield Static("enter accept   esc leave", classes="keys")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        wrong = self._check(event.value)
        self.query_one("#wrong", Static).update(f"✖ {printable(wrong)}" if wrong else "")

    @on(Input.Submitted)
    def _accept(self, event: Input.Submitted) -> None:
        if not self._check(event.value):
            self.dismiss(event.value)
