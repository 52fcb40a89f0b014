"""A thin rule with a title on the left and a word on the right: the console's only frame."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from yogo.terminal import printable


class TitledRule(Widget):
    DEFAULT_CSS = "TitledRule { height: 1; color: $foreground-muted; }"

    title: reactive[str] = reactive("")
    right: reactive[str] = reactive("")

    def __init__(self, title: str = "", right: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_reactive(TitledRule.title, title)
        self.set_reactive(TitledRule.right, right)

    def render(self) -> Content:
        width = self.size.width
        left = f"── {printable(self.title)} " if self.title else ""
        left = left if len(left) <= width - 4 else f"{left[: width - 5]}… "
        room = width - len(left) - 5
        right = printable(self.right)
        if len(right) > room:
            right = f"{right[: room - 1]}…" if room > 8 else ""
        end = f" {right} ──" if right else ""
        return Content(left + "─" * (width - len(left) - len(end)) + end)
