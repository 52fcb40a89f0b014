"""The last line of a screen: the keys that matter here, from the bindings, and `? help`."""

from __future__ import annotations

from itertools import islice
from typing import Any, Protocol, runtime_checkable

from textual.binding import ActiveBinding, Binding
from textual.content import Content
from textual.screen import Screen

from yogo_tui.widgets.steady import SteadyLine

_MOST = 6
KEY_WORDS = {
    "question_mark": "?",
    "slash": "/",
    "colon": ":",
    "escape": "esc",
    "asterisk": "*",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "comma": ",",
    "full_stop": ".",
    "semicolon": ";",
    "number_sign": "#",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


def key_word(key: str) -> str:
    """A key as it is shown, such as "esc", or two that are typed one after the other; the first one if several do the
    same."""
    return " ".join(KEY_WORDS.get(one, one) for one in key.partition(",")[0].split())


def key_of(screen: Screen[Any], action: str) -> str:
    """The key of an action that can be done on this screen, by the action's id."""
    return next((key_word(one.binding.key) for one in screen.active_bindings.values() if one.binding.id == action), "")


@runtime_checkable
class TellsWhyNot(Protocol):
    """A screen, or a part of one, that knows when an action of its keys cannot act on what is under the cursor."""

    def why_not(self, action: str) -> str:
        """Why it cannot; empty if it can, or if that is not known."""


def why_not(entry: ActiveBinding) -> str:
    """Why a key cannot act on what is under the cursor; empty if it can, or if that is not known."""
    action = entry.binding.action.partition("(")[0]
    return entry.node.why_not(action) if isinstance(entry.node, TellsWhyNot) else ""


class KeyBar(SteadyLine):
    DEFAULT_CSS = "KeyBar { height: 1; dock: bottom; color: $foreground-muted; }"

    _waits_for: str = ""

    def wait_for(self, words: str) -> None:
        """Show what is waited for in place of the keys, which do nothing meanwhile; empty shows the keys again."""
        if words != self._waits_for:
            self._waits_for = words
            self.draw()

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.draw())

    def line(self) -> Content:
        if self._waits_for:
            return Content.assemble(f" {self._waits_for} …   ", ("esc", "bold $foreground"), " stop")
        words = [(key_word(binding.key), binding.description) for binding in self.offered()]
        while len(words) > 1 and sum(len(key) + len(about) + 3 for key, about in words) > self.size.width + 1:
            del words[-2]  # `?` tells of it
        wide = sum(len(key) + len(about) + 4 for key, about in words) <= self.size.width
        gap = "   " if wide else "  "
        parts: list[str | tuple[str, str]] = []
        for key, about in words:
            parts += [gap if parts else " ", (key, "bold $foreground"), f" {about}"]
        return Content.assemble(*parts)

    def offered(self) -> list[Binding]:
        """The keys that the line has, if it is wide enough."""
        active = [entry for entry in self.screen.active_bindings.values() if entry.enabled]
        can_act = (one for one in active if one.binding.show and one.binding.id != "app.help" and not why_not(one))
        shown = [entry.binding for entry in islice(can_act, _MOST - 1)]
        return shown + [entry.binding for entry in active if entry.binding.id == "app.help"][:1]
