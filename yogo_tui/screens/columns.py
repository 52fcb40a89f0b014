"""The dialog in which the columns of the list of runs are chosen and ordered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from yogo.text.terminal import printable
from yogo_tui.listing.columns import Column, chosen, sortable
from yogo_tui.screens.ask import Dialog
from yogo_tui.words import cut_end, padded

_ABOUT = 46


class ColumnList(OptionList):
    DEFAULT_CSS = "ColumnList { max-height: 50vh; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "keep them", id="columns.keep"),
        Binding("j", "cursor_down", "next", id="columns.next", show=False),
        Binding("k", "cursor_up", "previous", id="columns.previous", show=False),
        Binding("g", "first", "the first one", id="columns.first", show=False),
        Binding("G", "last", "the last one", id="columns.last", show=False),
    ]


class ChooseColumns(Dialog[tuple[str, ...] | None]):
    """Returns the keys of the columns in their order, none for the usual ones; None if the dialog was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "leave", id="columns.leave"),
        Binding("space", "switch", "show it, or not", id="columns.toggle"),
        Binding("K,shift+up", "carry(-1)", "before the one above", id="columns.up"),
        Binding("J,shift+down", "carry(1)", "behind the one below", id="columns.down"),
        Binding("u", "usual", "the usual ones", id="columns.usual"),
    ]

    options = getters.query_one(OptionList)

    def __init__(self, shown: Sequence[Column]) -> None:
        super().__init__()
        self._columns = [*shown, *(one for one in sortable() if one not in shown)]
        self._shown = {one.key for one in shown}
        self._is_usual = False
        """Whether they are those of the terminal's width, whichever that is."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="paper"):
            yield Static("columns of the list, from the left; what has no room is left out", classes="title")
            yield ColumnList(*self._lines(), compact=True, markup=False)
            yield Static("enter keep   space show or not   J K move it   u usual   esc leave", classes="keys")

    def on_mount(self) -> None:
        self.options.highlighted = 0

    def _lines(self) -> Iterator[Option]:
        for one in self._columns:
            mark = "●" if one.key in self._shown else " "
            about = cut_end(one.help, _ABOUT)
            name = padded(printable(one.key), 20)
            yield Option(Content.assemble((mark, "$accent"), f" {name} ", (about, "$foreground-muted")))

    def _list(self, row: int) -> None:
        self.options.clear_options()
        self.options.add_options(self._lines())
        self.options.highlighted = row

    @property
    def _row(self) -> int:
        return self.options.highlighted or 0

    def action_switch(self) -> None:
        self._is_usual = False
        self._shown ^= {self._columns[self._row].key}
        self._list(self._row)

    def action_carry(self, by: int) -> None:
        """Move the column under the cursor, and the cursor with it."""
        row = self._row
        if 0 <= row + by < len(self._columns):
            self._is_usual = False
            self._columns.insert(row + by, self._columns.pop(row))
            self._list(row + by)

    def action_usual(self) -> None:
        usual = chosen((), self.app.size.width)
        self._columns = [*usual, *(one for one in sortable() if one not in usual)]
        self._shown = {one.key for one in usual}
        self._is_usual = True
        self._list(0)

    @on(OptionList.OptionSelected)
    def _accept(self) -> None:
        keys = tuple(one.key for one in self._columns if one.key in self._shown)
        self.dismiss(() if self._is_usual else keys)
