"""The tables of a comparison, as text: a run's name stands in the colour and with the sign of its curves."""

from __future__ import annotations

import functools
from collections.abc import Callable

from rich.style import Style
from rich.text import Text
from textual.reactive import reactive

from yogo_tui.comparing.comparison import Comparison
from yogo_tui.comparing.tables import BEST, Table, tables
from yogo_tui.widgets.tables_view import TablesView, add_lines
from yogo_tui.words import cut_middle

_SAME = "Nothing is known to differ between these runs."
_WIDEST = 30
"""Cells of a column; names and paths are cut in their middles."""

_WIDEST_WORDS = 56
"""Of a column of sentences."""


class ComparisonView(TablesView):
    found: reactive[Comparison | None] = reactive(None)

    def __init__(self, style_of: Callable[[int], Style]) -> None:
        """`style_of` gives the colour of a run's curves, by its number."""
        super().__init__()
        self._style_of = style_of

    def watch_found(self) -> None:
        if self.is_mounted:
            self.show(self._told(self.found) if self.found else "", self.found.notes if self.found else ())

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
        style = functools.partial(self._style, num_runs)
        add_lines(text, [head, *lines], style, is_numbers=table.is_numbers)

    def _style(self, num_runs: int, line: int, column: int, cell: str) -> Style:
        if line == 0 and 0 < column <= num_runs:
            return self._style_of(column - 1)
        is_dim = line == 0 or column == 0
        return Style(dim=is_dim, bold=cell.endswith(BEST) or None)


def _sign(number: int) -> str:
    """As beside the curve of the run: dotted or whole."""
    return "┄┄" if number % 2 else "──"
