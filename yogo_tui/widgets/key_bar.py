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
        words = [(key_word(binding.key), binding.description) for binding in self._shown()]
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
