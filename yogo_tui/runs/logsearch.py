"""Where a log holds what is looked for, and how many of its lines do; what was counted once is not counted again.

    search = LogSearch(log, Match("loss"))
    await search.find(log.size, backwards=True)          # a line's offset; cancel the task to give up
    await search.count(offset)                           # which match that one is, and of how many

Large parts are left to grep, which is on the log's host; where it cannot, they are read here.
"""

from __future__ import annotations

import contextlib
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from yogo_tui.runs.logfile import BLOCK, LogFile
from yogo_tui.runs.loggrep import LogChanged, LogGrep, LogGrows, NoGrep
from yogo_tui.runs.logmatch import Match

_FIRST = 4096
"""The end of a line is looked for in so many bytes first, as most are short."""

_HELD = 4096
"""Of a line that is too long, so many of the last bytes are held."""


@dataclass(frozen=True, slots=True)
class Parts:
    """How large the parts are in which a log is looked through, in bytes."""

    read: int = 1 << 20
    grep_least: int = 256 << 10
    """A smaller part is read as soon as grep is begun."""

    grep_most: int = 256 << 20

    line_most: int = 4 << 20
    """Of a longer line that is read not all is held."""


class LogSearch:
    """Every method may raise HostError, and LogChanged if the log was replaced since."""

    def __init__(self, log: LogFile, match: Match, parts: Parts | None = None) -> None:
        self.log = log
        self.match = match
        self._parts = parts or Parts()
        self._generation = log.generation
        self._grep = LogGrep(log.host, log.path, log.identity, match)
        self._edges, self._totals = [0], [0]
        """Where some lines begin, and how many lines that match begin before."""

    @property
    def is_of_today(self) -> bool:
        """Whether the log has not been replaced since."""
        return self._generation == self.log.generation

    async def find(
        self, offset: int, *, backwards: bool = False, on_progress: Callable[[int], None] | None = None
    ) -> int | None:
        """Offset of the next line that matches: from `offset` on, or, backwards, before it. None if there is none.
        `on_progress` is called with the offset that was reached."""
        size, reach, length = self.log.size, self.match.reach, self._parts.read
        offset = begin = min(max(offset, 0), size)
        while self.match.is_something and (offset > 0 if backwards else offset < size):
            start = max(offset - length, 0) if backwards else offset
            stop = offset if backwards else min(offset + length + reach, size)
            if self.match.is_errors:  # in whole lines
                start = await self.log.line_start(start)
                cut = await self.log.line_start(stop) if stop < size else stop
                stop = cut if cut > start else stop
            try:
                at = await self._found_in(start, stop, last=backwards)
            except NoGrep:
                length = self._parts.read
                continue
            if at is not None:
                return await self.log.line_start(at)
            # What matches may span two parts.
            if backwards:
                offset = start + reach if 0 < start < offset - reach else 0
            else:
                offset = stop - reach if stop < size else size
            if on_progress:
                on_progress(offset)
            length = min(8 * length, self._parts.grep_most) if self._grep.works else self._parts.read
        if backwards and begin == size and len(self._edges) == 1:  # there is none in all of it
            self._keep(await self._last_line(0, size), 0)
        self._check()
        return None

    async def _found_in(self, start: int, stop: int, *, last: bool) -> int | None:
        if stop - start > 2 * self._parts.read and self._grep.works:
            return await self._grep.find(start, stop, last=last)
        data = await self._read(start, stop)
        at = self.match.last(data) if last else self.match.first(data)
        return start + at if at >= 0 else None

    async def count(self, up_to: int) -> tuple[int, int]:
        """How many lines match: of those that begin at or before `up_to`, and of all."""
        size = self.log.size
        last = await self._last_line(self._edges[-1], size)
        await self._count_to_end(last, size)
        total = await self._num_before(last) + await self._num_in(last, size)
        before = 0
        if up_to >= 0:
            stop = await self._next_line(up_to + 1, size)
            before = total if stop is None else await self._num_before(stop)
        self._check()
        return before, total

    async def _count_to_end(self, last: int, size: int) -> None:
        """Count the lines before `last`, the last one, in one go; unless they are few, or more are added meanwhile."""
        if last - self._edges[-1] > self._parts.grep_most and self._grep.works:
            with contextlib.suppress(NoGrep, LogGrows):
                total = await self._grep.count_to_end(self._edges[-1], size)
                self._keep(last, self._totals[-1] + total - await self._num_in(last, size))

    async def _num_before(self, stop: int) -> int:
        """How many of the lines before the one at `stop` match."""
        number, most = bisect_right(self._edges, stop) - 1, self._parts.grep_most
        start, total = self._edges[number], self._totals[number]
        above = next(iter(self._edges[number + 1 : number + 2]), None)
        if above is not None and above - stop < min(most, stop - start):
            total = self._totals[number + 1] - await self._num_in(stop, above)
        else:
            while stop - start > most and (end := await self._next_line(start + most, stop)) is not None:
                total += await self._num_in(start, end)
                self._keep(end, total)
                start = end
            total += await self._num_in(start, stop)
        self._keep(stop, total)
        return total

    def _keep(self, edge: int, total: int) -> None:
        number = bisect_right(self._edges, edge)
        if self._edges[number - 1] < edge:
            self._edges.insert(number, edge)
            self._totals.insert(number, total)

    async def _next_line(self, offset: int, size: int) -> int | None:
        """Where a line begins, at `offset` or behind; None if none does."""
        at, length = offset - 1, _FIRST
        while at < size:
            data = await self._read(at, min(at + length, size))
            if (end := data.find(b"\n")) >= 0:
                return at + end + 1
            at, length = at + length, min(8 * length, self._parts.read)
        return None

    async def _last_line(self, start: int, size: int) -> int:
        """Where the last line begins; `start` if it is a long one."""
        begin = max(start, size - BLOCK)
        end = (await self._read(begin, size)).rfind(b"\n")
        return begin + end + 1 if end >= 0 else start

    async def _num_in(self, start: int, stop: int) -> int:
        """How many of the lines match from the one at `start` to the one that ends at `stop`."""
        if self._parts.grep_least < stop - start <= 2 * self._parts.grep_most and self._grep.works:
            try:
                return await self._grep.count(start, stop)
            except NoGrep:
                pass
        return await self._num_read(start, stop)

    async def _num_read(self, start: int, stop: int) -> int:
        total, line, is_counted = 0, b"", False
        for at in range(start, stop, self._parts.read):
            end = min(at + self._parts.read, stop)
            data = line + await self._read(at, end)
            cut = len(data) if end == stop else data.rfind(b"\n") + 1
            lines, line = data[:cut], data[cut:]
            if lines:
                total += sum(1 for _ in self.match.all_lines(lines.partition(b"\n")[2] if is_counted else lines))
                is_counted = False
            if len(line) > self._parts.line_most:
                if not is_counted and self.match.first(line) >= 0:
                    total, is_counted = total + 1, True
                line = line[-_HELD:]
        return total

    async def _read(self, start: int, stop: int) -> bytes:
        data = await self.log.bytes_at(start, stop - start)
        if len(data) < stop - start:
            raise LogChanged
        return data

    def _check(self) -> None:
        if not self.is_of_today:
            raise LogChanged
