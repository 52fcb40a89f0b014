"""A thin rule with a title on the left and a word on the right."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content
from textual.reactive import reactive

from yogo_tui.widgets.steady import SteadyLine
from yogo_tui.words import cut_end


class TitledRule(SteadyLine):
    DEFAULT_CSS = "TitledRule { height: 1; color: $foreground-muted; }"

    title: reactive[str] = reactive("", repaint=False)
    right: reactive[str] = reactive("", repaint=False)

    def __init__(self, title: str = "", right: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_reactive(TitledRule.title, title)
        self.set_reactive(TitledRule.right, right)

    def watch_title(self) -> None:
        self.draw()

    watch_right = watch_title

    def line(self) -> Content:
        width = self.size.width
        title = cut_end(self.title, width - (9 if self.right else 5))
        left = f"── {title} " if title else ""
        right = cut_end(self.right, max(1, width - cell_len(left) - 5))
        end = f" {right} ──" if right else ""
        return Content(left + "─" * (width - cell_len(left) - cell_len(end)) + end)
