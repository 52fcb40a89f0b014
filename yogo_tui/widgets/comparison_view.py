"""The tables of a comparison, as text: a run's name stands in the colour and with the sign of its curves."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer
from textual.reactive import reactive
from textual.widgets import Static

from yogo.text.terminal import printable
from yogo_tui.comparing.comparison import Comparison
from yogo_tui.comparing.tables import BEST, Table, tables
from yogo_tui.words import cut_middle, padded

_SAME = "Nothing is known to differ between these runs."
_WIDEST = 30
"""Cells of a column; names and paths are cut in their middles."""

_WIDEST_WORDS = 56
"""Of a column of sentences."""


class ComparisonView(ScrollableContainer, can_focus=True):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", "scroll down", id="compare.down", show=False),
        Binding("k", "scroll_up", "scroll up", id="compare.up", show=False),
        Binding("h", "scroll_left", "scroll to the left", id="compare.left", show=False),
        Binding("l", "scroll_right", "scroll to the right", id="compare.right", show=False),
        Binding("g", "scroll_home", "the top", id="compare.top", show=False),
        Binding("G", "scroll_end", "the end", id="compare.end", show=False),
    ]
    DEFAULT_CSS = """
    ComparisonView {
        overflow: auto auto;
        & #compare-tables { width: auto; }
        & #compare-notes { width: 100%; color: $text-muted; }
    }
    """

    found: reactive[Comparison | None] = reactive(None)

    def __init__(self, style_of: Callable[[int], Style]) -> None:
        """`style_of` gives the colour of a run's curves, by its number."""
        super().__init__()
        self._style_of = style_of

    def compose(self) -> ComposeResult:
        yield Static(markup=False, id="compare-tables")
        yield Static(markup=False, id="compare-notes")

    def watch_found(self) -> None:
        if self.is_mounted:
            notes = map(printable, self.found.notes if self.found else ())
            self.query_one("#compare-tables", Static).update(self._told(self.found) if self.found else "")
            self.query_one("#compare-notes", Static).update("\n".join(notes))

    def _told(self, found: Comparison) -> Text:
        text = Text(no_wrap=True)
        if not found.differences:
            text.append(f"{_SAME}\n\n")
        for table in tables(found):
            self._add(text, table, found)
            text.append("\n")
        return text

    def _add(self, text: Text, table: Table, found: Comparison) -> None:
        num_runs = len(found.labels) if table.is_by_run else 0
        widest = _WIDEST if table.is_by_run else _WIDEST_WORDS
        lines = [[cut_middle(cell, widest) for cell in line] for line in table.lines()]
        heads = [cut_middle(head, widest - 3) for head in table.head[1:]]
        head = [table.title, *(f"{_sign(n)} {name}" if n < num_runs else name for n, name in enumerate(heads))]
        widths = [max(map(cell_len, column)) for column in zip(head, *lines, strict=True)]
        for number, line in enumerate([head, *lines]):
            for column, (cell, width) in enumerate(zip(line, widths, strict=True)):
                is_right = column > 0 and table.is_numbers
                text.append(f"{padded(cell, width, right=is_right)}  ", self._style(number, column, cell, num_runs))
            text.append("\n")

    def _style(self, line: int, column: int, cell: str, num_runs: int) -> Style:
        if line == 0 and 0 < column <= num_runs:
            return self._style_of(column - 1)
        is_dim = line == 0 or column == 0
        return Style(dim=is_dim, bold=cell.endswith(BEST) or None)


def _sign(number: int) -> str:
    """As beside the curve of the run: dotted or whole."""
    return "┄┄" if number % 2 else "──"
