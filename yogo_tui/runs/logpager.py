"""The page of a log that is shown, and how keys and searches move it. Without a screen: callers give the height.

    pager = LogPager(LogFile(host, path))
    await pager.look(height)                                   # once a second: shows what was added
    pager.move(-3)                                             # for a key; several make one step
    await pager.turn(height)                                   # does what was asked for since
    await pager.find("loss", is_upwards=True, tell=draw)       # cancel the task to give up

One task calls `look` and `turn`; `find` may run beside it. If the host cannot be read, `away` says why; it is never
raised.
"""

from __future__ import annotations

import contextlib
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from yogo_tui.errors import HostError
from yogo_tui.runs.logfile import LogFile, LogLine
from yogo_tui.runs.loggrep import LogChanged
from yogo_tui.runs.logmatch import Match
from yogo_tui.runs.logsearch import LogSearch

_AT_A_TIME = 500
_MOST_MARKED = 10_000
_MOST_SEEN = 20_000
"""How many times of growth are remembered; what came before has no time."""


@dataclass(frozen=True, slots=True)
class Search:
    """A search: its words, and what it has found so far."""

    words: str
    """Empty if errors are looked for."""

    found: int | None = None
    """Offset of the line that was found last."""

    is_on: bool = True
    percent: int | None = None
    """How far into the log the search has come; None if it is not running."""

    end: str = ""
    """"above" or "below", where there is no further match in that direction."""

    counted: tuple[int, int] | None = None
    """The number of the match on show, and how many there are; None until they are counted."""


@dataclass(frozen=True, slots=True)
class PointedLine:
    """A line that was gone to, and what it is, in words."""

    offset: int
    words: str


class LogPager:
    def __init__(self, log: LogFile | None, rows: Callable[[LogLine], int] = lambda _: 1) -> None:
        """With None, no log is known, and nothing is shown. `rows` says how many rows a line takes."""
        self._rows = rows
        self.search: Search | None = None
        self.away = ""
        """Why the host could not be read at the last attempt."""

        self._offset: int | None = None
        self._steps = 0
        self._is_due = False
        self.open(log)

    def open(self, log: LogFile | None) -> None:
        """Go to the end of another log. The caller cancels what still reads the one before."""
        self.log = log
        self.lines: tuple[LogLine, ...] = ()
        """The lines of the shown page."""

        self.following = True
        """Whether the page follows the log's end."""

        self.marks: tuple[int, int] | None = None
        """Offsets of the line at which marking began, and of the one that keys move; None if none are marked."""

        self.has_looked = False
        """Whether the host has answered what there is of the log."""

        self.pointed: PointedLine | None = None
        """The line that was gone to from a plot; None if none was."""

        self._looking: LogSearch | None = None
        self._counted_size = 0
        """Of the log, when its matches were counted last, or began to be."""

        self.is_counting = False
        """Whether the matches are being counted."""

        self._grown_at: float | None = None
        self._sizes: list[int] = []
        self._seen_at: list[datetime | None] = []
        """When the log was first seen to be so long; None for what it held at the first look."""

        if self.search:
            self.search = Search(self.search.words, is_on=False)

    @property
    def percent(self) -> int:
        """How far into the log the page reaches."""
        return 100 * self.lines[-1].end // self.log.size if self.log and self.lines and self.log.size else 100

    @property
    def quiet_seconds(self) -> float:
        """For how long the log has not grown."""
        return 0.0 if self._grown_at is None else time.monotonic() - self._grown_at

    @staticmethod
    async def _age(log: LogFile) -> float:
        """Seconds since the file was written to, by its folder; 0 if that is not known."""
        try:
            entries = await log.entries()
        except FileNotFoundError:
            return 0.0
        written = next((entry.modified for entry in entries if entry.name == log.path.name), 0.0)
        return max(0.0, time.time() - written) if written else 0.0

    def came_at(self, line: LogLine) -> datetime | None:
        """When a line was first seen as it is, by this machine's clock; None if it was there at the first look."""
        index = bisect_left(self._sizes, line.end)
        return self._seen_at[index] if index < len(self._sizes) else None

    def move(self, lines: int) -> None:
        """Ask for a page that is `lines` further down. Calls before the next `turn` add up."""
        self.following = self.following and lines >= 0
        self._steps += lines
        self._is_due = True

    @property
    def line(self) -> LogLine | None:
        """The line that keys act on: the one that is marked, gone to or found, if it is on the page, else the last."""
        pointed = self.pointed.offset if self.pointed else None
        named = (self.marks or (None, None))[1], pointed, self.search.found if self.search else None
        found = (self.line_on_page(offset) for offset in named if offset is not None)
        return next(filter(None, found), self.lines[-1] if self.lines else None)

    def line_on_page(self, offset: int) -> LogLine | None:
        """The line that begins there, if it is on the page."""
        return next((line for line in self.lines if line.offset == offset), None)

    def point_at(self, line: PointedLine) -> None:
        """Show the page around this line, and keep it as the one that was gone to."""
        self.pointed = line
        self.show(line.offset)

    def mark(self) -> None:
        """Begin to mark lines: at the one that was found if it is on the page, else at the last one. The page stays."""
        known = [line.offset for line in self.lines]
        if known:
            found = self.search.found if self.search else None
            begin = found if found in known else known[-1]
            self.following, self.marks = False, (begin, begin)

    def unmark(self) -> None:
        self.marks = None

    def is_marked(self, line: LogLine) -> bool:
        return self.marks is not None and min(self.marks) <= line.offset <= max(self.marks)

    async def marked(self) -> list[LogLine]:
        """The marked lines; at most so many as a clipboard takes. Raises HostError."""
        if self.log is None or self.marks is None:
            return []
        lines, offset = list[LogLine](), min(self.marks)
        while len(lines) < _MOST_MARKED and offset <= max(self.marks):
            more = await self.log.lines_at(offset, _AT_A_TIME)
            lines += [line for line in more if line.offset <= max(self.marks)]
            if not more:
                break
            offset = more[-1].end
        return lines[:_MOST_MARKED]

    async def _mark_on(self, log: LogFile, marks: tuple[int, int], steps: int, height: int) -> None:
        """Move the end of what is marked; the page goes with it."""
        if marks[1] not in [line.offset for line in self.lines]:
            await self._show_from(log, marks[1], height)
        known = [line.offset for line in self.lines]
        at = (known.index(marks[1]) if marks[1] in known else len(known) - 1) + steps
        beyond = at if at < 0 else max(0, at - len(known) + 1)
        if beyond:
            await self._step(log, beyond, height)
            self.following = False
            known = [line.offset for line in self.lines]
            at = 0 if beyond < 0 else len(known) - 1
        self.marks = marks[0], known[min(at, len(known) - 1)]

    def show(self, offset: int) -> None:
        """Ask for the page around the line at `offset`."""
        self.following, self._offset, self._steps, self._is_due = False, offset, 0, True

    def follow(self, following: bool) -> None:
        """Ask to follow the log's end, or to stay here."""
        self.following = following
        self.draw_again()

    def draw_again(self) -> None:
        """Ask for the same position, because the height has changed."""
        self._is_due = True

    async def look(self, height: int) -> None:
        """Read what was added to the log. Show it if the page is not full, or follows the end."""
        with self._telling():
            if self.log is None:
                return
            generation = self.log.generation
            is_changed = await self.log.refresh()
            is_first, self.has_looked = not self.has_looked, True
            if is_changed or self._grown_at is None:
                self._grown_at = time.monotonic() - (await self._age(self.log) if is_first else 0.0)
            if not is_changed:
                return
            if is_first or self.log.generation != generation:
                self._sizes, self._seen_at = [], []
            self._sizes.append(self.log.size)
            self._seen_at.append(None if is_first else datetime.now(UTC))
            if len(self._sizes) > _MOST_SEEN:
                del self._sizes[: _MOST_SEEN // 2], self._seen_at[: _MOST_SEEN // 2]
                self._seen_at[0] = None
            if self.log.generation != generation:
                self.lines, self.following, self.marks, self.pointed = (), True, None, None
                if self.search and not self.search.is_on:  # what was found is there no longer
                    self.search = Search(self.search.words, is_on=False)
            if self.following:
                await self._show_end(self.log, height)
            elif self.lines and (self._height() < height or not self.lines[-1].is_finished):
                await self._show_from(self.log, self.lines[0].offset, height)

    async def turn(self, height: int) -> None:
        """Show the page that was asked for since the last call, if any; not before there is a row for it."""
        if self.log is None or not self._is_due or height < 1:
            return
        offset, steps = self._offset, self._steps
        self._offset, self._steps, self._is_due = None, 0, False
        with self._telling():
            if offset is not None:
                above = await self.log.lines_before(offset, max(1, height // 3))
                await self._show_from(self.log, above[0].offset if above else 0, height)
            if self.marks is not None and steps and self.lines:
                await self._mark_on(self.log, self.marks, steps, height)
            elif steps or offset is None:
                await self._step(self.log, steps, height)

    async def find(self, words: str, *, is_upwards: bool, tell: Callable[[], None]) -> None:
        """Show the next line that holds `words`, or, without words, that tells of an error, beginning at the one found
        before, and count them all.

        `tell` is called each time that `search` has changed.
        """
        if self.log is None:
            return
        last = self.search.found if self.search and self.search.words == words else None
        log, search, looking = self.log, Search(words, last), self._search_for(self.log, words)

        def now(search: Search) -> None:
            self.search = search
            tell()

        def reached(offset: int) -> None:
            now(replace(search, percent=100 * offset // max(1, log.size)))

        now(search)
        try:
            begin = log.size if last is None else last
            if not is_upwards and (here := await log.lines_at(begin, 1)):
                begin = here[0].end
            found = await looking.find(begin, backwards=is_upwards, on_progress=reached)
            if found is not None:
                self.show(found)
                search = Search(words, found, is_on=False)
            else:
                end = "" if last is None else "above" if is_upwards else "below"
                search = Search(words, last, is_on=False, end=end)
            now(search)
            await self._count(tell)
        except LogChanged:
            now(Search(words, is_on=False))
        except HostError as error:
            self.away = str(error)
            now(Search(words, search.found, is_on=False))

    def _search_for(self, log: LogFile, words: str) -> LogSearch:
        """What was counted for these words is kept."""
        match, known = Match(words, is_errors=not words), self._looking
        if known is None or known.log is not log or known.match != match or not known.is_of_today:
            self._looking = known = LogSearch(log, match)
        return known

    @property
    def is_to_count(self) -> bool:
        """Whether the log has grown since its matches were counted, and they are not counted just now."""
        is_counted = self.search is not None and self.search.counted is not None and not self.is_counting
        return is_counted and self.log is not None and self.log.size != self._counted_size

    async def count(self, tell: Callable[[], None]) -> None:
        """Count the matches of the search again, as the log is now."""
        try:
            await self._count(tell)
        except HostError as error:
            self.away = str(error)
        except LogChanged:
            """The next look says so."""

    async def _count(self, tell: Callable[[], None]) -> None:
        if self.log is None or self.search is None:
            return
        search, self._counted_size, self.is_counting = self.search, self.log.size, True
        try:
            looking = self._search_for(self.log, search.words)
            number, total = await looking.count(-1 if search.found is None else search.found)
        finally:
            self.is_counting = False
        end = "" if search.end == "below" and number < total else search.end  # it came since
        self.search = replace(search, counted=(number, total), end=end)
        tell()

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
            self.away = ""
        except HostError as error:
            self.away = str(error)

    def _height(self) -> int:
        """How many rows the page takes."""
        return sum(map(self._rows, self.lines))

    async def _show_end(self, log: LogFile, height: int) -> None:
        lines = await log.lines_before(log.size, max(1, height))
        self.lines = tuple(self._fitting(lines[::-1], height))[::-1]

    async def _show_from(self, log: LogFile, offset: int, height: int) -> None:
        """Show the page that begins at the line at `offset`, or the last page if less than one is left."""
        page = await log.lines_at(offset, height)
        if sum(map(self._rows, page)) < height:
            await self._show_end(log, height)
        else:
            self.lines = tuple(self._fitting(page, height))

    def _fitting(self, lines: Sequence[LogLine], height: int) -> Iterator[LogLine]:
        """The first of `lines` that fit into so many rows; at least one."""
        taken = 0
        for number, line in enumerate(lines):
            taken += self._rows(line)
            if number and taken > height:
                return
            yield line

    async def _step(self, log: LogFile, steps: int, height: int) -> None:
        if not self.lines or self.following:
            await self._show_end(log, height)
        elif steps < 0:
            above = await log.lines_before(self.lines[0].offset, -steps)
            await self._show_from(log, above[0].offset if above else 0, height)
        else:
            below = await log.lines_at(self.lines[0].offset, steps + 1)
            before = self.lines
            await self._show_from(log, below[-1].offset if below else log.size, height)
            self.following = steps > 0 and self.lines == before and self.lines[-1].end >= log.size
