"""The last line: the keys that matter here, drawn from the bindings, ending in `? help`."""

from __future__ import annotations

from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

_MOST = 6
KEY_WORDS = {
    "question_mark": "?",
    "slash": "/",
    "colon": ":",
    "escape": "esc",
    "space": "space",
    "plus": "+",
    "minus": "-",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


def key_word(key: str) -> str:
    """A key as a person would say it; of several that do the same, the first."""
    return KEY_WORDS.get(first := key.partition(",")[0], first)


class KeyBar(Widget):
    DEFAULT_CSS = "KeyBar { height: 1; dock: bottom; color: $foreground-muted; }"

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._redraw)

    def _redraw(self, _screen: Screen[object]) -> None:
        self.refresh()

    def render(self) -> Content:
        parts: list[str | tuple[str, str]] = []
        left = self.size.width
        shown = self._shown()
        for binding in shown:
            word = key_word(binding.key)
            needed = len(word) + len(binding.description) + 4
            if left < needed + (0 if binding is shown[-1] else 9):
                continue
            left -= needed
            parts += [" ", (word, "bold $foreground"), f" {binding.description}  "]
        return Content.assemble(*parts)

    def _shown(self) -> list[Binding]:
        active = [entry.binding for entry in self.screen.active_bindings.values() if entry.enabled]
        shown = [binding for binding in active if binding.show]
        last = [binding for binding in active if binding.id == "app.help"]
        return [binding for binding in shown if binding.id != "app.help"][: _MOST - 1] + last
