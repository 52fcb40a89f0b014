"""The last line of a screen: the keys that matter here, from the bindings, and `? help`."""

from __future__ import annotations

from typing import Any

from textual.binding import Binding
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
        words = [(key_word(binding.key), binding.description) for binding in self._shown()]
        while len(words) > 1 and sum(len(key) + len(about) + 3 for key, about in words) > self.size.width + 1:
            del words[-2]  # `?` tells of it
        wide = sum(len(key) + len(about) + 4 for key, about in words) <= self.size.width
        gap = "   " if wide else "  "
        parts: list[str | tuple[str, str]] = []
        for key, about in words:
            parts += [gap if parts else " ", (key, "bold $foreground"), f" {about}"]
        return Content.assemble(*parts)

    def _shown(self) -> list[Binding]:
        active = [entry.binding for entry in self.screen.active_bindings.values() if entry.enabled]
        shown = [binding for binding in active if binding.show and binding.id != "app.help"]
        return shown[: _MOST - 1] + [binding for binding in active if binding.id == "app.help"][:1]
