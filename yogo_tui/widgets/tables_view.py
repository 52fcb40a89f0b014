"""Tables as text, below each other, and sentences below them, which can be scrolled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer
from textual.widgets import Static

from yogo.text.terminal import printable
from yogo_tui.words import padded


class TablesView(ScrollableContainer, can_focus=True):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", "scroll down", id="compare.down", show=False),
        Binding("k", "scroll_up", "scroll up", id="compare.up", show=False),
        Binding("h", "scroll_left", "scroll to the left", id="compare.left", show=False),
        Binding("l", "scroll_right", "scroll to the right", id="compare.right", show=False),
        Binding("g", "scroll_home", "the top", id="compare.top", show=False),
        Binding("G", "scroll_end", "the end", id="compare.end", show=False),
    ]
    DEFAULT_CSS = """
    TablesView {
        overflow: auto auto;
        & #tables { width: auto; }
        & #tables-notes { width: 100%; color: $text-muted; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static(markup=False, id="tables")
        yield Static(markup=False, id="tables-notes")

    def show(self, text: Text | str, notes: Iterable[str]) -> None:
        self.query_one("#tables", Static).update(text)
        self.query_one("#tables-notes", Static).update("\n".join(map(printable, notes)))


def add_lines(
    text: Text, lines: Sequence[Sequence[str]], style: Callable[[int, int, str], Style], *, is_numbers: bool
) -> None:
    """Add the head and the rows of a table, in columns. `style` is of a cell, by its line and its column."""
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    for number, line in enumerate(lines):
        for column, (cell, width) in enumerate(zip(line, widths, strict=True)):
            is_right = column > 0 and is_numbers
            gap = "  " if column + 1 < len(widths) else ""
            text.append(f"{padded(cell, width, right=is_right)}{gap}", style(number, column, cell))
        text.append("\n")
