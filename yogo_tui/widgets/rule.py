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
        right = f" {printable(self.right)} ──" if self.right else ""
        left = f"── {printable(self.title)} " if self.title else ""
        if len(left) + len(right) > width:
            left = f"{left[: max(0, width - len(right) - 2)]}… " if len(right) < width // 2 else left[:width]
            right = right if len(left) + len(right) <= width else ""
        return Content(left + "─" * (width - len(left) - len(right)) + right)
