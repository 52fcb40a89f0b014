"""Dialogs: a list to choose from, filtered by typing, and a line of text that is checked while it is typed."""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from yogo.text.terminal import printable
from yogo_tui.screens.ask import Dialog
from yogo_tui.widgets.folded import Folded
from yogo_tui.widgets.text_field import TextField
from yogo_tui.words import cut_apart, cut_end, thousands

_TITLE_WIDTH = 44
_MOST_OF_DETAIL = 3
_WIDTH = 68
"""What stays of a line beside the scrollbar of a list that is longer than the screen."""

_WIDEST = 3
"""How many times as long as the typed letters a part of a title with these among others may be."""

_MOST_ROWS = 200
"""As many as are listed at once: of thousands, those that match best."""

Check = Callable[[str], str | Awaitable[str]]
"""Returns what is wrong with a text so far; empty if nothing is. The host may have to be asked."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the list."""

    words: str
    about: str = ""
    problem: str = ""
    """Why it cannot be chosen; empty if it can."""

    detail: str = ""
    """More about it, shown below the list while the cursor is on it."""


class Narrowing(TextField):
    """The line that narrows a list. Its arrows, home and end move in the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move('cursor_down')", "next", id="choose.next", show=False),
        Binding("up", "move('cursor_up')", "previous", id="choose.previous", show=False),
        Binding("pagedown", "move('page_down')", "a page down", id="choose.page_down", show=False),
        Binding("pageup", "move('page_up')", "a page up", id="choose.page_up", show=False),
        Binding("home", "move('first')", "the first one", id="choose.first", show=False),
        Binding("end", "move('last')", "the last one", id="choose.last", show=False),
    ]

    @dataclass
    class Stepped(Message):
        """A step in the list, after all that was typed before."""

        to: str
        """The list's own action."""

    def action_move(self, to: str) -> None:
        self.post_message(self.Stepped(to))


class Choose(Dialog[int | None]):
    """Returns the index of the chosen line; None if the dialog was left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "leave", id="choose.leave")]

    options = getters.query_one(OptionList)

    def __init__(self, title: str, choices: Sequence[Choice], selected: int | None = None) -> None:
        super().__init__()
        self._title = title
        self._choices = tuple(choices)
        self._selected = selected

    def compose(self) -> ComposeResult:
        with Vertical(classes="paper"):
            yield Static(self._title, classes="title", markup=False)
            yield Narrowing(placeholder="type to narrow", compact=True)
            yield OptionList(compact=True, markup=False)
            if any(choice.detail for choice in self._choices):
                yield Folded(_MOST_OF_DETAIL, id="detail")
            yield Static("enter choose   ↑ ↓ move   esc leave", classes="keys")

    def on_mount(self) -> None:
        self.options.can_focus = False
        self._list("")
        if self._selected is not None:
            self.options.highlighted = self._selected

    @on(Input.Changed)
    def _narrow(self, event: Input.Changed) -> None:
        self._list(event.value)

    def relist(self, choices: Sequence[Choice]) -> None:
        """List these lines instead. The cursor stays on its line, once it was moved."""
        option = self.options.highlighted_option if self.options.highlighted else None
        chosen = self._choices[int(option.id)] if option and option.id else None
        self._choices = tuple(choices)
        self._list(self.query_one(Narrowing).value)
        ids = [one.id for one in self.options.options]
        if chosen in self._choices and (same := str(self._choices.index(chosen))) in ids:
            self.options.highlighted = ids.index(same)

    def _list(self, words: str) -> None:
        found = ranked(self._choices, words)
        listed = [self._choices[index] for index in found[:_MOST_ROWS]]
        names = cut_apart([choice.words for choice in listed], _TITLE_WIDTH)
        rows = [
            Option(_line(name, choice), id=str(index), disabled=bool(choice.problem))
            for index, name, choice in zip(found, names, listed, strict=False)
        ]
        if len(found) > _MOST_ROWS:
            rows.append(Option(f"… and {thousands(len(found) - _MOST_ROWS)} more: type more words", disabled=True))
        self._tell_detail("")
        self.options.clear_options()
        self.options.add_options(rows or [Option(f"nothing contains “{printable(words)}”", disabled=True)])
        self.options.action_first()

    @on(OptionList.OptionHighlighted)
    def _tell(self, event: OptionList.OptionHighlighted) -> None:
        self._tell_detail(self._choices[int(event.option.id)].detail if event.option.id else "")

    def _tell_detail(self, detail: str) -> None:
        for line in self.query("#detail").results(Folded):
            line.update(printable(detail))

    @on(Narrowing.Stepped)
    async def _move(self, event: Narrowing.Stepped) -> None:
        await self.app.run_action(event.to, self.options)

    @on(Input.Submitted)
    def _chosen(self) -> None:
        if (option := self.options.highlighted_option) and option.id:
            self.dismiss(int(option.id))

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(int(event.option.id or 0))


def ranked(choices: Sequence[Choice], words: str) -> list[int]:
    """Which lines match, the best first, and as listed where they match alike. Only if none has the words are those
    meant whose titles have their letters in this order and near each other."""
    typed = words.lower().split()
    ranks = ((_rank(choice, typed), index) for index, choice in enumerate(choices))
    found = sorted((rank, index) for rank, index in ranks if rank is not None)
    if found or not typed:
        return [index for _, index in found]
    letters = "".join(typed)
    titles = ((index, choice.words.lower()) for index, choice in enumerate(choices))
    spans = ((min(_span(_initials(title), letters), _span(title, letters)), index) for index, title in titles)
    return [index for span, index in sorted(spans) if span <= _WIDEST * len(letters)]


def _initials(title: str) -> str:
    return "".join(word[0] for word in re.findall(r"\w+", title))


def _rank(choice: Choice, typed: Sequence[str]) -> int | None:
    """How well the line matches the typed words: 0 is the best, and titles count more. None if it does not match."""
    title = choice.words.lower()
    if not all(word in title or word in choice.about.lower() for word in typed):
        return None
    if not all(word in title for word in typed):
        return 4
    if title.startswith(whole := " ".join(typed)):
        return 0 if title == whole else 1
    return 2 if all(f" {word}" in title for word in typed) else 3


def _span(title: str, letters: str) -> float:
    """The length of the shortest part of the title that has the letters in this order; infinite if none has."""
    spans = [math.inf]
    for start in (index for index, letter in enumerate(title) if letter == letters[0]):
        end = start
        for letter in letters:
            end = title.find(letter, end) + 1
            if not end:
                return min(spans)
        spans.append(end - start)
    return min(spans)


def _line(words: str, choice: Choice) -> Content:
    about = cut_end(choice.problem or choice.about, _WIDTH - cell_len(words) - 2)
    return Content.assemble(words, "  ", (about, "$error" if choice.problem else "$foreground-muted"))


class LinePrompt(Dialog[str | None]):
    """Returns the typed text; None if the dialog was left."""

    FIELD: ClassVar[type[TextField]] = TextField

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "leave", id="prompt.leave")]

    def __init__(self, title: str, value: str = "", *, check: Check = lambda _: "", is_secret: bool = False) -> None:
        """With `is_secret` the text is not shown."""
        super().__init__()
        self._is_secret = is_secret
        self._title = title
        self._value = value
        self._check = check

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="paper", can_focus=False):
            yield Static(self._title, classes="title", markup=False)
            yield self.FIELD(self._value, compact=True, password=self._is_secret)
            yield Static(id="wrong", markup=False)
            yield Static("enter accept   esc leave", classes="keys")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._look(event.value, accepts=False)

    @on(Input.Submitted)
    def _accept(self, event: Input.Submitted) -> None:
        self._look(event.value, accepts=True)

    @work(exclusive=True)
    async def _look(self, text: str, *, accepts: bool) -> None:
        wrong = self._check(text)
        wrong = wrong if isinstance(wrong, str) else await wrong
        self.query_one("#wrong", Static).update(f"✖ {printable(wrong)}" if wrong else "")
        if accepts and not wrong:
            self.dismiss(text)
