"""The table of runs: only the lines on show are made, and of these only what has changed is drawn again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, Key, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from yogo.text.terminal import printable
from yogo_tui.listing.columns import COLUMNS, Column
from yogo_tui.listing.losses import OTHER_LOSS, ComparableLosses
from yogo_tui.runs.model import Run, RunState
from yogo_tui.widgets.filter_line import handle_in_order
from yogo_tui.words import cut_end, cut_middle, padded

_LEAST_NAME, _MOST_NAME = 12, 60
_WIDE = 120
"""A terminal of this many cells leaves room beside the names where these need less."""

_GUTTER = 1
"""Cells before the columns, for the mark: 80 columns leave the name 19."""


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    look: str = ""
    """The component class whose colours it has; empty for the text's own."""


class RunsTable(ScrollView, can_focus=True):
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"state--{state}" for state in RunState),
        "runs--head",
        "runs--cursor",
        "runs--aside",
        "runs--mark",
        "runs--group",
    }
    DEFAULT_CSS = """
    RunsTable { overflow-x: hidden; scrollbar-size-vertical: 0; }
    RunsTable > .runs--head { color: $foreground-muted; }
    RunsTable > .runs--aside { color: $foreground-muted; }
    RunsTable > .runs--mark { color: $accent; }
    RunsTable > .runs--group { text-style: bold; }
    RunsTable > .runs--cursor { background: $block-cursor-blurred-background; }
    RunsTable:focus > .runs--cursor {
        background: $block-cursor-background; color: $block-cursor-foreground; text-style: $block-cursor-text-style;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "mark", id="runs.mark", show=False, tooltip="mark it, for a key that acts on many"),
        Binding("v", "mark_to_here", "mark from the last mark to here", id="runs.mark_to_here", show=False),
        Binding("asterisk", "mark_all", "mark all that are shown, or none", id="runs.mark_all", show=False),
        Binding("down,j", "move(1)", "next run", id="runs.next", show=False),
        Binding("up,k", "move(-1)", "previous run", id="runs.previous", show=False),
        Binding("pagedown", "page(1)", "a page down", id="runs.page_down", show=False),
        Binding("pageup", "page(-1)", "a page up", id="runs.page_up", show=False),
        Binding("g,home", "first", "the first run", id="runs.first", show=False),
        Binding("G,end", "last", "the last run", id="runs.last", show=False),
    ]

    class CursorMoved(Message):
        """The cursor is on another run."""

    class Marked(Message):
        """Other runs are marked than before."""

    class Chosen(Message):
        """The run under the cursor was clicked on, and is to be opened."""

    def __init__(self) -> None:
        super().__init__(id="runs")
        self._runs: tuple[Run, ...] = ()
        self._rows: dict[str, int] = {}
        self._lines: tuple[int | str, ...] = ()
        """What is on each line below the head: a run's row, or the heading of a group."""

        self._places: tuple[int, ...] = ()
        """On which of these lines each run is."""

        self._columns: tuple[Column, ...] = COLUMNS
        self._widths: dict[str, int] = {}
        self._head: dict[str, str] = {}
        self._branches: dict[str, str] = {}
        self._marks: dict[str, None] = {}
        """Keys of the marked runs, in the order in which they were marked."""

        self._now = datetime.now(UTC)
        self._cursor = ""
        """Key of the run under it, which stays under it wherever it moves."""

        self._drawn: dict[int, tuple[_Cell, ...]] = {}
        self._losses = ComparableLosses(())

    @property
    def cursor_row(self) -> int:
        return self._rows.get(self._cursor, 0)

    @property
    def num_runs(self) -> int:
        return len(self._runs)

    @property
    def runs(self) -> tuple[Run, ...]:
        """As they are listed."""
        return self._runs

    @property
    def selected(self) -> Run | None:
        return self._runs[self.cursor_row] if self._runs else None

    @property
    def marked(self) -> tuple[Run, ...]:
        """As they are listed. What a filter hides is not marked any more."""
        return tuple(run for run in self._runs if run.key in self._marks)

    def mark(self, runs: Iterable[Run]) -> None:
        """Mark these, and no others."""
        self._marks = {run.key: None for run in runs}
        self._draw()
        self.post_message(self.Marked())

    def select(self, run: Run) -> None:
        if run.key in self._rows and run.key != self._cursor:
            self._cursor = run.key
            self._show_cursor()
            self.post_message(self.CursorMoved())

    def show(
        self,
        runs: Sequence[Run],
        columns: Sequence[Column],
        head: Mapping[str, str],
        headings: Mapping[str, str] | None = None,
        branches: Mapping[str, str] | None = None,
    ) -> None:
        """Show these runs in this order. The cursor stays on its run. `head` is what stands over a column, by its key,
        where that is more than the key; `headings` is what stands on a line above a run, and `branches` what stands
        before its name, by the run's key."""
        row, headings = self.cursor_row, headings or {}
        self._runs, self._rows = tuple(runs), {run.key: row for row, run in enumerate(runs)}
        lines = ((headings[run.key], row) if run.key in headings else (row,) for row, run in enumerate(runs))
        self._lines = tuple(line for some in lines for line in some)
        self._places = tuple(place for place, line in enumerate(self._lines) if isinstance(line, int))
        self._columns, self._head, self._branches = tuple(columns), dict(head), dict(branches or {})
        self._marks = {key: None for key in self._marks if key in self._rows}
        self._losses = ComparableLosses(self._runs)
        self._now = datetime.now(UTC)
        if self._cursor not in self._rows:
            self._cursor = self._runs[min(row, len(self._runs) - 1)].key if self._runs else ""
        self._lay_out()

    def _lay_out(self) -> None:
        """Give each column its width, which takes a look at every name, and draw what has changed."""
        names = [self._called(run) for run in self._runs]
        self._widths = _widths(self._columns, self.size.width, names)
        self.virtual_size = Size(self.size.width, len(self._lines) + 1)
        self._draw()

    def _draw(self) -> None:
        """Draw again what has changed."""
        for y in range(self.size.height):
            if self._drawn.get(y) != self._line(y):
                self.refresh(Region(0, y, self.size.width, 1))

    def on_resize(self, event: Resize) -> None:
        self._lay_out()
        self.call_after_refresh(self._show_cursor)

    def _show_cursor(self) -> None:
        """Scroll as little as shows the cursor, and draw what has changed."""
        room = max(1, self.size.height - 1)
        last = self._places[self.cursor_row] if self._places else 0
        has_heading = last and room > 1 and isinstance(self._lines[last - 1], str)
        top = min(max(self.scroll_offset.y, last - room + 1), last - bool(has_heading))
        self.scroll_to(y=top, animate=False, immediate=True)
        self._draw()

    def render_line(self, y: int) -> Strip:
        self._drawn[y] = line = self._line(y)
        base, segments = self.rich_style, list[Segment]()
        is_cursor = self._row(y) == self.cursor_row and bool(self._runs)
        over = self.get_component_rich_style("runs--cursor", partial=True) if is_cursor else Style.null()
        for cell in line:
            own = self.get_component_rich_style(cell.look, partial=True) if cell.look else Style.null()
            segments.append(Segment(cell.text, base + own + over))
        return Strip(segments).adjust_cell_length(self.size.width, base + over)

    def _row(self, y: int) -> int:
        """The row of the run at a line of the screen; -1 where there is none."""
        line = self._line_at(y)
        return line if isinstance(line, int) else -1

    def _line_at(self, y: int) -> int | str | None:
        """What is on a line of the screen: a run's row, or a heading; None above and below them."""
        place = self.scroll_offset.y + y - 1
        return self._lines[place] if y and place < len(self._lines) else None

    def _line(self, y: int) -> tuple[_Cell, ...]:
        row = self._line_at(y)
        if isinstance(row, str):
            text = cut_end(f" {row} ", self.size.width - 4)
            return (_Cell(f" ──{text}", "runs--group"),)
        if not y:
            words = {one.key: self._head.get(one.key, one.key) for one in self._columns}
            return (_Cell(" " * _GUTTER), *(self._cell(one, words[one.key], "runs--head") for one in self._shown))
        if row is None:
            return ()
        run = self._runs[row]
        sign = "●" if run.key in self._marks else "▲" if run.is_pinned else ""
        mark = _Cell(sign, "runs--mark") if sign else _Cell(" " * _GUTTER)
        cursor = _Cell("", "runs--cursor") if row == self.cursor_row else _Cell("")
        return (mark, *(self._cell(one, self._words(one, run), self._look(one, run)) for one in self._shown), cursor)

    @property
    def _shown(self) -> tuple[Column, ...]:
        return tuple(one for one in self._columns if one.key in self._widths)

    def _cell(self, column: Column, words: str, look: str) -> _Cell:
        width = self._widths[column.key] - 1
        text = (cut_end if column.is_sentence else cut_middle)(words, width)
        return _Cell(f"{padded(text, width, right=column.is_number)} ", look)

    def _words(self, column: Column, run: Run) -> str:
        words = self._called(run) if column.key == "name" else column.shown(run, self._now)
        return f"{OTHER_LOSS} {words}" if words and self._is_other(column, run) else words

    def _called(self, run: Run) -> str:
        """What its user calls it. Its name, which commands take, stands in its path."""
        return f"{self._branches.get(run.key, '')}{run.title or run.name}"

    def _look(self, column: Column, run: Run) -> str:
        if column.key == "state":
            return f"state--{run.state}"
        return "runs--aside" if self._is_other(column, run) else ""

    def _is_other(self, column: Column, run: Run) -> bool:
        return column.is_loss and self._losses.is_other(run)

    @property
    def has_other_losses(self) -> bool:
        """Whether a listed loss is not comparable with the others."""
        return self._losses.has_others and any(one.is_loss for one in self._columns)

    def _go_to(self, row: int) -> None:
        if self._runs:
            self.select(self._runs[max(0, min(row, len(self._runs) - 1))])

    def action_move(self, rows: int) -> None:
        self._go_to(self.cursor_row + rows)

    def action_page(self, pages: int) -> None:
        self._go_to(self.cursor_row + pages * max(1, self.size.height - 2))

    def action_first(self) -> None:
        self._go_to(0)

    def action_last(self) -> None:
        self._go_to(len(self._runs) - 1)

    def action_mark(self) -> None:
        """Mark the run under the cursor, or unmark it, and go to the next."""
        if run := self.selected:
            others = [one for one in self.marked if one != run]
            self.mark(others if len(others) < len(self.marked) else [*others, run])
            self.action_move(1)

    def action_mark_to_here(self) -> None:
        """Mark all from the run that was marked last to the one under the cursor."""
        last = self._rows[[*self._marks][-1]] if self._marks else self.cursor_row
        first, last = sorted((last, self.cursor_row))
        self.mark([*self.marked, *self._runs[first : last + 1]])

    def action_mark_all(self) -> None:
        self.mark(() if len(self._marks) == len(self._runs) else self._runs)

    async def on_key(self, event: Key) -> None:
        await handle_in_order(self, event)

    def on_click(self, event: Click) -> None:
        row = self._row(event.y)
        if 0 <= row < len(self._runs):
            was_chosen = row == self.cursor_row
            self._go_to(row)
            if was_chosen:
                self.post_message(self.Chosen())


def least_width(columns: Sequence[Column]) -> int:
    """Cells that a list needs to show all of these columns."""
    return _GUTTER + _LEAST_NAME + sum(column.width for column in columns)


def _widths(columns: Sequence[Column], width: int, names: Sequence[str]) -> dict[str, int]:
    """Of the columns that fit, by key: the name takes what the others leave, but not more than the names need, and the
    columns that grow share the rest."""
    left, widths = width - _GUTTER - _LEAST_NAME, dict[str, int]()
    for column in columns:
        if column.width <= left:
            widths[column.key] = column.width
            left -= column.width
    if "name" in widths:
        needed = max((cell_len(printable(name)) + 2 for name in names), default=_LEAST_NAME)
        most = _MOST_NAME if width < _WIDE else min(_MOST_NAME, max(needed, _LEAST_NAME))
        widths["name"] = min(_LEAST_NAME + left, most)
        left -= widths["name"] - _LEAST_NAME
    growing = [column.key for column in columns if column.grows and column.key in widths]
    for number, key in enumerate(growing):
        widths[key] += left // len(growing) + (number < left % len(growing))
    return widths
