"""A log of any size, of which only the visible part is read, so that a log of gigabytes opens at once.

A position in the log is a byte offset. Lines are found from there, backwards and forwards, in blocks of 64 KiB, of
which a few are kept. A line ends at a newline. A line longer than a block, such as a progress bar without newlines, is
cut at the edges of the blocks, the same in both directions. `emulator` turns lines into text: lines that a progress bar
has drawn over become one.

    log = LogFile(host, path)
    await log.refresh()                                  # at each poll: has anything changed?
    await log.lines_before(log.size, height)             # the end, to follow it
    await log.lines_at(lines[0].offset, height)          # a page from a known line on
    await log.lines_at(lines[-1].end, 1)                 # the next one
    await log.lines_before(lines[0].offset, 1)           # the one above
"""

from __future__ import annotations

import codecs
import re
from collections import OrderedDict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

from rich.text import Text

from yogo_tui.hosts.base import Entry, Host
from yogo_tui.runs.emulator import LogScreen

BLOCK = 1 << 16
_NUM_KEPT = 32
_OVERLAP = 64
"""Bytes at the end that are read again at each poll: if they have changed, the log was replaced."""

_CONTEXT = 16
"""How many further lines are read: they may draw over those that were asked for."""

_MAX_LINES, _MAX_BYTES = 2048, 4 * BLOCK
"""How far to read on while lines draw over one another."""

_MAX_TAIL = 64 << 20
"""How many bytes at the end are searched for the beginnings of the last lines."""

_GOES_UP = re.compile(rb"\x1b\[\d*[AF]|\xc2\x9b\d*[AF]")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line as it is shown; its text is safe for a terminal. Each line of a log begins where the one before ends."""

    offset: int
    """Offset of its first byte."""

    end: int
    """Offset of the next line; the log's size for the last line."""

    text: Text
    is_finished: bool = True
    """Whether its newline has been written. Until then it may change."""


class LogFile:
    """A log on a host; empty while the file does not exist. Every method may raise HostError."""

    def __init__(self, host: Host, path: PurePosixPath) -> None:
        self.host = host
        self.path = path
        self.size = 0
        """Size in bytes at the last `refresh`."""

        self.exists = False
        self.generation = 0
        """Rises by 1 each time that the log is truncated or replaced. Older offsets are invalid then."""

        self.identity = ""
        """Of the file, as the host tells it; empty if it cannot."""

        self._tail = b""
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    async def refresh(self) -> bool:
        """Look at the file again. Returns whether it has changed since the last time."""
        offset = self.size - len(self._tail)
        try:
            piece = await self.host.read(self.path, offset=offset, limit=BLOCK)
            # The file may have grown while it was read.
            end = offset + len(piece.data)
            size = max(piece.size, end)
            tail = piece.data[-_OVERLAP:]
            if end < size:
                tail = (await self.host.read(self.path, offset=size - _OVERLAP, limit=_OVERLAP)).data
        except FileNotFoundError:
            has_gone, self.exists = self.exists, False
            if has_gone:
                self._forget()
            return has_gone
        is_other = self.exists and (
            size < self.size or piece.identity != self.identity or not piece.data.startswith(self._tail)
        )
        is_new, self.exists, self.identity = not self.exists, True, piece.identity
        if is_other:
            self._forget()
            await self.refresh()
            return True
        has_grown = size > self.size
        self.size, self._tail = size, tail
        return is_new or has_grown

    async def entries(self) -> tuple[Entry, ...]:
        """What lies in its folder. Raises FileNotFoundError."""
        return await self.host.list(self.path.parent)

    async def lines_at(self, offset: int, count: int) -> list[LogLine]:
        """The next `count` lines, beginning with the one that holds the byte at `offset`; fewer at the log's end."""
        start = await self.line_start(offset)
        lines: list[LogLine] = []
        while len(lines) < count and start < self.size:
            screen, start = await self._draw(start, count - len(lines))
            lines += self._shown(screen, start)
        return lines[:count]

    async def lines_before(self, offset: int, count: int) -> list[LogLine]:
        """The `count` lines before the line that holds `offset`, or before the log's end; fewer at its beginning."""
        stop = self.size if offset >= self.size else await self.line_start(offset)
        edges = [stop]
        screen = LogScreen()
        for num_lines in (count + _CONTEXT, count + _MAX_LINES):
            while (
                len(edges) <= num_lines and edges[0] > 0 and not (len(edges) > count and stop - edges[0] > _MAX_BYTES)
            ):
                edges.insert(0, await self.line_start(edges[0] - 1))
            screen = LogScreen()
            for start, end in pairwise(edges):
                screen.feed(_decode(await self._slice(start, end)), start)
            if len(screen.rows) >= count:
                break
        shown = self._shown(screen, stop)
        lines = shown[max(len(shown) - count, 0) :]
        missing = count - len(lines)
        return [*await self.lines_before(edges[0], missing), *lines] if missing and edges[0] > 0 else lines

    async def last_lines(self, count: int) -> list[LogLine]:
        """The last `count` lines. A line longer than a block is one line: its first part, or, if it draws over itself
        as a progress bar does, its last part."""
        lines: list[LogLine] = []
        start = self.size
        while len(lines) < count and start > 0 and self.size - start < _MAX_TAIL:
            pieces = await self.lines_before(start, count - len(lines))
            start = pieces[0].offset
            while start > 0 and not await self._begins_line(start) and self.size - start < _MAX_TAIL:
                pieces = [*await self.lines_before(start, 1), *pieces]
                start = pieces[0].offset
            lines = [*await self._joined(pieces), *lines]
        return lines[-count:] if count > 0 else []

    async def _joined(self, pieces: list[LogLine]) -> list[LogLine]:
        lines: list[LogLine] = []
        for piece in pieces:
            if not lines or await self._begins_line(piece.offset):
                lines.append(piece)
                continue
            draws_over = b"\r" in (await self._slice(piece.offset, piece.end)).removesuffix(b"\n").removesuffix(b"\r")
            text = piece.text if draws_over else lines[-1].text
            lines[-1] = LogLine(lines[-1].offset, piece.end, text, piece.is_finished)
        return lines

    async def _begins_line(self, offset: int) -> bool:
        return offset == 0 or (await self._slice(offset - 1, offset)) == b"\n"

    async def _draw(self, start: int, count: int) -> tuple[LogScreen, int]:
        """A screen with the lines from `start` on, in more than `count` rows, and the offset where it ends. The lines
        that draw over these rows are included, up to a limit."""
        screen, first, num_lines, calm = LogScreen(), start, 0, 0
        while start < self.size and num_lines < count + _MAX_LINES:
            is_long = num_lines > count and start - first > _MAX_BYTES
            if is_long or (len(screen.rows) > count and calm >= _CONTEXT):
                break
            end = await self._line_end(start)
            line = await self._slice(start, end)
            screen.feed(_decode(line), start)
            calm = 0 if _GOES_UP.search(line) else calm + 1
            start, num_lines = end, num_lines + 1
        return screen, start

    async def line_start(self, offset: int) -> int:
        """Offset of the line that holds the byte at `offset`; the log's size if `offset` is at or beyond its end."""
        if offset >= self.size:
            return self.size
        number = max(offset, 0) // BLOCK
        before = max(offset, 0) - number * BLOCK
        while number > 0:
            at = (await self._block(number)).rfind(b"\n", 0, before)
            if at >= 0:
                return number * BLOCK + at + 1
            previous = await self._block(number - 1)
            if previous.endswith(b"\n") or b"\n" not in previous:
                return number * BLOCK
            number, before = number - 1, BLOCK
        return (await self._block(0)).rfind(b"\n", 0, before) + 1

    async def bytes_at(self, offset: int, limit: int) -> bytes:
        """A part of the file as it is written."""
        return await self._read(offset, limit)

    def _shown(self, screen: LogScreen, stop: int) -> list[LogLine]:
        """The screen's rows as lines; the last one ends at the offset `stop`."""
        ends = [*(row.offset for row in screen.rows), stop][1:]
        is_open = stop == self.size and not self._tail.endswith(b"\n")
        return [
            LogLine(row.offset, end, row.text(), is_finished=not (is_open and end == stop))
            for row, end in zip(screen.rows, ends, strict=True)
        ]

    async def _line_end(self, start: int) -> int:
        """Offset of the end of the line that begins at `start`."""
        number = start // BLOCK
        while True:
            block = await self._block(number)
            at = block.find(b"\n", max(start - number * BLOCK, 0))
            if at >= 0:
                return number * BLOCK + at + 1
            edge = (number + 1) * BLOCK
            if edge >= self.size:
                return self.size
            if b"\n" not in block:
                return edge
            number += 1

    async def _slice(self, start: int, end: int) -> bytes:
        numbers = range(start // BLOCK, (end - 1) // BLOCK + 1)
        data = b"".join([(await self._block(number)).ljust(BLOCK, b"\n") for number in numbers])
        return data[start - numbers.start * BLOCK : end - numbers.start * BLOCK]

    async def _block(self, number: int) -> bytes:
        length = min(BLOCK, self.size - number * BLOCK)
        block = self._blocks.get(number, b"")
        if len(block) < length:
            block += await self._read(number * BLOCK + len(block), length - len(block))
            self._blocks[number] = block
        self._blocks.move_to_end(number)
        while len(self._blocks) > _NUM_KEPT:
            self._blocks.popitem(last=False)
        return block[:length]

    async def _read(self, offset: int, limit: int) -> bytes:
        """A part of the file as of the last refresh. If the file was replaced since, nothing of the new one."""
        data = b""
        limit = min(limit, self.size - offset)
        while len(data) < limit:
            try:
                piece = await self.host.read(self.path, offset=offset + len(data), limit=limit - len(data))
            except FileNotFoundError:
                break
            if not piece.data or piece.identity != self.identity:
                break
            data += piece.data
        return data

    def _forget(self) -> None:
        self.size, self._tail, self.identity = 0, b"", ""
        self.exists = False
        self._blocks.clear()
        self.generation += 1


def _decode(line: bytes) -> str:
    """A line's text. An incomplete last character of an unfinished line is left out."""
    is_whole = line.endswith(b"\n")
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(line, final=is_whole)
    return text.removesuffix("\n").removesuffix("\r")
