"""A log, live: only the lines on show are read, from whichever place of a file of any size."""

from __future__ import annotations

import asyncio
import contextlib
import textwrap
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import ClassVar

from rich.segment import Segment
from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.message import Message
from textual.reactive import reactive
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from yogo.text.terminal import printable
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Host
from yogo_tui.runs.logfile import LogFile, LogLine
from yogo_tui.runs.logpager import LogPager
from yogo_tui.runs.logtimes import WIDTH, LineTimes
from yogo_tui.widgets.key_bar import key_of
from yogo_tui.words import duration, match_words, size_words

_EVERY_SECONDS = 1.0
_SIDEWAYS = 16

_LONG_SECONDS = 300
"""A job that trains writes a line every ten seconds; after so many without one that is said."""


class LogView(Widget, can_focus=True):
    COMPONENT_CLASSES: ClassVar[set[str]] = {"log--found", "log--pointed", "log--aside"}
    DEFAULT_CSS = """
    LogView > .log--found { background: $warning; color: $background; }
    LogView:nocolor > .log--found, LogView:nocolor > .log--pointed { text-style: reverse; }
    LogView > .log--pointed { background: $primary; color: $background; }
    LogView > .log--aside { color: $foreground-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "a line up", id="log.up", show=False),
        Binding("down,j", "move(1)", "a line down", id="log.down", show=False),
        Binding("pageup", "page(-1)", "a page up", id="log.page_up", show=False),
        Binding("pagedown,space", "page(1)", "a page down", id="log.page_down", show=False),
        Binding("home,g", "start", "the log's start", id="log.start", show=False),
        Binding("end,G", "end", "the log's end, and follow it", id="log.end", show=False),
        Binding("left", "sideways(-1)", "to the left", id="log.left", show=False),
        Binding("right", "sideways(1)", "to the right", id="log.right", show=False),
        Binding("W", "wrap", "wrap long lines, or cut them", id="log.wrap", show=False),
        Binding("i", "times", "when the lines were written", id="log.times", show=False),
        Binding("e", "errors", "the last error; again: the one before", id="log.errors", show=False),
        Binding("V", "mark", "mark lines, or stop that; arrows mark more", id="log.mark", show=False),
        Binding("y,enter", "copy_marked", "copy the marked lines", id="log.copy", show=False),
        Binding("escape", "stop_mark", "mark no lines", id="log.stop_mark", show=False),
        Binding("s", "save", "save the log to a file here", id="log.save", show=False),
        Binding("n", "find(True)", "previous match", id="log.find_up", show=False),
        Binding("N", "find(False)", "next match", id="log.find_down", show=False),
        Binding("escape", "stop_search", "close the search", id="log.stop_search", show=False),
    ]

    lines: reactive[tuple[LogLine, ...]] = reactive(())
    wraps: reactive[bool] = reactive(False)
    """Whether lines that are too long go on in the next row."""

    shows_times: reactive[bool] = reactive(False)
    """Whether each line begins with when it was written, where that is known."""

    words: reactive[str] = reactive("")
    """What is looked for, and highlighted wherever it is."""

    class SaveAsked(Message):
        """The log is to be saved to a file."""

    class SearchClosed(Message):
        """Nothing is looked for any more."""

    @dataclass
    class Moved(Message):
        """Another part of the log is on show."""

        words: str
        """Which part."""

    def __init__(self, host: Host, path: PurePosixPath | None) -> None:
        super().__init__()
        self._host = host
        self._pager = LogPager(LogFile(host, path) if path else None, self._rows_of)
        self._asked = asyncio.Event()
        """Set where the pager has something to do before the next second."""

        self._said_instead = ""
        """What was drawn in place of lines."""

        self._x = 0
        self._marked: tuple[LogLine, ...] = ()
        """The lines on show when the mouse marked some of them."""

        self.times = LineTimes()
        self.no_log = ""
        """What is said if there is no log; empty if nothing is known of it."""

        self.is_over = False
        """Whether what would write the log has ended."""

    @property
    def path(self) -> PurePosixPath | None:
        return self._pager.log.path if self._pager.log else None

    @path.setter
    def path(self, path: PurePosixPath | None) -> None:
        if path != self.path:
            self.workers.cancel_group(self, "find")
            self._pager.open(LogFile(self._host, path) if path else None)
            self.watch_log()
            self._show()

    @property
    def pager(self) -> LogPager:
        return self._pager

    def turn_page(self) -> None:
        """Show what the pager was asked for."""
        self._show()
        self.refresh()
        self._asked.set()

    @property
    def following(self) -> bool:
        return self._pager.following

    def on_mount(self) -> None:
        self.watch_log()

    @work(exclusive=True, group="log")
    async def watch_log(self) -> None:
        """The one task that reads pages: what was added, once a second; and at once what a key asks for."""
        due = 0.0
        while True:
            if time.monotonic() >= due:
                await self._pager.look(self.size.height)
                await self._look_for_times()
                if self._pager.is_to_count:
                    self.count()
                due = time.monotonic() + _EVERY_SECONDS
            await self._pager.turn(self.size.height)
            self._show()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(due - time.monotonic()):
                    await self._asked.wait()
            self._asked.clear()

    async def _look_for_times(self) -> None:
        if self.shows_times and (log := self._pager.log):
            with contextlib.suppress(HostError):  # what is not known shows no time
                await self.times.look(log)

    def on_resize(self, _event: Resize) -> None:
        self._pager.draw_again()
        self._asked.set()

    def follow(self, following: bool) -> None:
        """Follow the log's end as it grows, or stay at what is on show."""
        self._pager.follow(following)
        self._asked.set()

    def action_move(self, lines: int) -> None:
        self._pager.move(lines)
        self._asked.set()

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(1, (len(self.lines) if self.wraps else self.size.height) - 1))

    def action_start(self) -> None:
        self._pager.show(0)
        self._asked.set()

    def action_end(self) -> None:
        self.follow(True)

    def action_sideways(self, by: int) -> None:
        self._x = max(0, self._x + by * _SIDEWAYS)
        self.refresh()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Escape and y are the screen's, but while lines are marked or something is looked for."""
        if action in ("copy_marked", "stop_mark"):
            return self._pager.marks is not None
        if action in ("start", "end"):
            return self._pager.marks is None
        return action != "stop_search" or (self._pager.search is not None and self._pager.marks is None)

    def action_save(self) -> None:
        if self._pager.log and self._pager.log.exists:
            self.post_message(self.SaveAsked())
        else:
            self.app.notify("There is no log to save.", markup=False)

    def action_mark(self) -> None:
        if self._pager.marks is None:
            self._pager.mark()
        else:
            self._pager.unmark()
        self._show()
        self.refresh()
        self.refresh_bindings()

    action_stop_mark = action_mark

    @work(exclusive=True, group="copy")
    async def action_copy_marked(self) -> None:
        try:
            lines = await self._pager.marked()
        except HostError as error:
            self.app.notify(printable(f"The lines were not copied. {error}"), severity="warning", markup=False)
            return
        if self._pager.marks is not None:
            self.app.copy_to_clipboard("".join(f"{line.text.plain}\n" for line in lines))
            self.action_mark()

    def action_stop_search(self) -> None:
        self.leave_search()
        self.post_message(self.SearchClosed())

    def action_wrap(self) -> None:
        self.wraps, self._x = not self.wraps, 0

    def action_times(self) -> None:
        self.shows_times = not self.shows_times

    @property
    def _room(self) -> int:
        """Cells for the lines."""
        return max(1, self.size.width - (WIDTH if self.shows_times else 0))

    def watch_wraps(self) -> None:
        self._pager.draw_again()
        self._asked.set()
        self.refresh()

    watch_shows_times = watch_wraps

    def action_errors(self) -> None:
        """Go to the last line that tells of an error, and from there to the ones above."""
        self.find("")

    def action_find(self, is_upwards: bool) -> None:
        if self._pager.search is not None:
            self.find(self._pager.search.words, is_upwards=is_upwards)
        else:
            self.app.notify("Nothing is looked for. Press / to search.", markup=False)

    @work(exclusive=True, group="find")
    async def find(self, words: str, *, is_upwards: bool = True) -> None:
        """Go to the next line that holds `words`, or, if empty, that tells of an error; the last one that was found is
        where the search begins."""
        await self._pager.find(words, is_upwards=is_upwards, tell=self._tell_of_search)

    @work(exclusive=True, group="find")
    async def count(self) -> None:
        """Count the matches in what was added to the log."""
        await self._pager.count(self._tell_of_search)

    def _tell_of_search(self) -> None:
        self._show()
        self._asked.set()

    def leave_search(self) -> None:
        self.workers.cancel_group(self, "find")
        self._pager.search = None
        self._show()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What the mouse has marked."""
        rows = [
            line.text.plain[row * self._room : (row + 1) * self._room] if self.wraps else line.text.plain
            for line in self._marked
            for row in range(self._rows_of(line))
        ]
        return selection.extract("\n".join(rows)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """The log stays where it is while something in it is marked."""
        if selection is not None and not self._marked:
            self.follow(False)
            self._marked = self.lines
        elif selection is None:
            self._marked = ()
        self.refresh()

    def _show(self) -> None:
        """Draw the page, where it is another one, and say which part of the log it is."""
        search = self._pager.search
        self.lines, self.words = self._pager.lines, search.words if search else ""
        self.post_message(self.Moved(self._place()))
        if self._pager.marks is not None or (not self.lines and self._said_instead != self._nothing()):
            self.refresh()

    def _place(self) -> str:
        pager, search, log = self._pager, self._pager.search, self._pager.log
        if search and search.is_on:
            return f"searching{'' if search.percent is None else f' · {search.percent} %'} · esc leaves it"
        if pager.away:
            return f"! {pager.away}"
        if log is None or not pager.has_looked:
            return "reading …" if log else "none"
        if not log.exists:
            return "not written" if self.is_over else "not written yet"
        if pager.marks is not None:
            return f"marking lines · {key_of(self.screen, 'log.copy')} copies them · esc leaves them"
        pointed = pager.pointed.words if pager.pointed and pager.line_on_page(pager.pointed.offset) else ""
        place = "following" if pager.following else f"at {pager.percent} %"
        quiet = pager.quiet_seconds // 60 * 60
        age = f"! silent for {duration(quiet)}" if quiet >= _LONG_SECONDS and not self.is_over else ""
        found = match_words(search) or ("counting …" if search and pager.is_counting else "")
        return " · ".join(filter(None, (pointed, found, age, place, size_words(log.size))))

    def _rows_of(self, line: LogLine) -> int:
        return max(1, -(-line.text.cell_len // self._room)) if self.wraps else 1

    def _row(self, y: int) -> tuple[LogLine, int] | None:
        """The line that is shown in a row, and which of its own rows that is; None below the last one."""
        for line in self.lines:
            if y < (rows := self._rows_of(line)):
                return line, y
            y -= rows
        return None

    def render_line(self, y: int) -> Strip:
        width, x, row = self._room, self._x, self._row(y)
        if row:
            text, x = row[0].text, x + row[1] * width
            if self.words:
                text = text.copy()
                text.highlight_words([self.words], self._style("log--found"), case_sensitive=not self.words.islower())
        elif not self.lines and y < len(said := self._instead(width - 2)):
            text = Text(f" {said[y]}", self._style("log--aside"))
        else:
            return Strip.blank(self.size.width, self.rich_style)
        if row and self._pager.pointed and row[0].offset == self._pager.pointed.offset:
            text = text.copy()
            text.stylize(self._style("log--pointed"))
        if row and self._pager.is_marked(row[0]):
            text = text.copy()
            text.stylize(self.screen.get_component_rich_style("screen--selection"))
        if row and (marked := self.text_selection) and self._marked == self.lines and not self.wraps:
            text = self._with_marks(text, marked.get_span(y))
        strip = Strip(text.render(self.app.console), text.cell_len).apply_offsets(0, y)
        strip = strip.crop(x, x + width).extend_cell_length(width)
        return Strip.join([self._time(row), strip] if self.shows_times else [strip]).apply_style(self.rich_style)

    def _time(self, row: tuple[LogLine, int] | None) -> Strip:
        """When the line of a row was written; blank in the rows that it goes on in."""
        found = self.times.of(row[0], self._pager.came_at(row[0])) if row and not row[1] else None
        words = found.words(datetime.now().astimezone()) if found else " " * WIDTH
        return Strip([Segment(words, self.get_component_rich_style("log--aside", partial=True))], WIDTH)

    def _with_marks(self, text: Text, span: tuple[int, int] | None) -> Text:
        if span:
            text = text.copy()
            style = self.screen.get_component_rich_style("screen--selection")
            text.stylize(style, span[0], len(text) if span[1] < 0 else span[1])
        return text

    def _instead(self, width: int) -> list[str]:
        self._said_instead = self._nothing()
        return textwrap.wrap(self._said_instead, max(8, width))

    def _nothing(self) -> str:
        log = self._pager.log
        if log is None:
            return printable(self.no_log or "No log is known for this job.")
        if not self._pager.has_looked:
            return f"It is not known yet what is in {printable(log.path.name)}."
        if log.exists:
            return "The log is empty." if self.is_over else "The log is empty so far."
        name = printable(log.path.name)
        if self.is_over:
            return f"There is no log: it ended before it wrote {name}, or that was removed."
        return f"The log appears here once the job writes {name}."

    def _style(self, component: str) -> str:
        return str(self.get_component_rich_style(component, partial=True))
