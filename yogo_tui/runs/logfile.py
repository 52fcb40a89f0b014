"""A log of any size, read where it is looked at: opening gigabytes costs as much as opening a page.

A place in the log is a byte offset. Lines are found from there, backwards and forwards, in blocks of 64 KiB of which
a few are kept. A line ends at a newline; one that is longer than a block, as a progress bar makes without any, is cut
at the blocks' edges, the same wherever one comes from. What a line shows is worked out by `emulator`: lines that a
bar has drawn over become one.

    log = LogFile(host, path)
    await log.refresh()                                  # at each poll: has anything changed?
    await log.lines_before(log.size, height)             # the end, to follow it
    await log.lines_at(lines[0].offset, height)          # a page from a known line on
    await log.lines_at(lines[-1].end, 1)                 # the next one
    await log.lines_before(lines[0].offset, 1)           # the one above
    await log.search("loss", lines[0].end)               # a line's offset; cancel the task to give up
"""

from __future__ import annotations

import codecs
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

from rich.text import Text

from yogo_tui.hosts.base import Host
from yogo_tui.runs.emulator import Screen

BLOCK = 1 << 16
_NUM_KEPT = 32
_OVERLAP = 64
"""Bytes read again at each poll: if they have changed, the log is another one."""

_SEARCH_BYTES = 1 << 20
_CONTEXT = 16
"""Lines looked at beyond those asked for, as they may draw over them."""

_MAX_LINES, _MAX_BYTES = 2048, 4 * BLOCK
"""How far to go on with lines that draw over one another."""

_MAX_TAIL = 64 << 20
"""How far back to look for the beginnings of the last lines."""

_GOES_UP = re.compile(rb"\x1b\[\d*[AF]|\xc2\x9b\d*[AF]")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line as a person sees it: nothing in it can drive a terminal. The lines of a log leave no gap."""

    offset: int
    """Of its first byte."""

    end: int
    """Where the next line begins; the log's size for the last one."""

    text: Text
    is_finished: bool = True
    """Whether its newline has been written; until then it may still change."""


class LogFile:
    """A log on a host. It need not exist yet: it is empty until it does. Every method may raise HostError."""

    def __init__(self, host: Host, path: PurePosixPath) -> None:
        self._host = host
        self.path = path
        self.size = 0
        """As of the last `refresh`, in bytes."""

        self.exists = False
        self.generation = 0
        """Goes up when the log was truncated or replaced: offsets from before mean nothing then."""

        self._identity = ""
        self._tail = b""
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    async def refresh(self) -> bool:
        """Look at the file anew; whether it has changed since the last time."""
        offset = self.size - len(self._tail)
        try:
            piece = await self._host.read(self.path, offset=offset, limit=BLOCK)
            # It may have grown while it was read.
            end = offset + len(piece.data)
            size = max(piece.size, end)
            tail = piece.data[-_OVERLAP:]
            if end < size:
                tail = (await self._host.read(self.path, offset=size - _OVERLAP, limit=_OVERLAP)).data
        except FileNotFoundError:
            has_gone, self.exists = self.exists, False
            if has_gone:
                self._forget()
            return has_gone
        is_other = self.exists and (
            size < self.size or piece.identity != self._identity or not piece.data.startswith(self._tail)
        )
        is_new, self.exists, self._identity = not self.exists, True, piece.identity
        if is_other:
            self._forget()
            await self.refresh()
            return True
        has_grown = size > self.size
        self.size, self._tail = size, tail
        return is_new or has_grown

    async def lines_at(self, offset: int, count: int) -> list[LogLine]:
        """Up to `count` lines, from the one that holds the byte at `offset` on; fewer at the log's end alone."""
        start = await self.line_start(offset)
        lines: list[LogLine] = []
        while len(lines) < count and start < self.size:
            screen, start = await self._draw(start, count - len(lines))
            lines += self._shown(screen, start)
        return lines[:count]

    async def lines_before(self, offset: int, count: int) -> list[LogLine]:
        """Up to `count` lines that end where the line that holds `offset` begins, or where the log does; fewer at
        the log's beginning alone."""
        stop = self.size if offset >= self.size else await self.line_start(offset)
        edges = [stop]
        screen = Screen()
        for num_lines in (count + _CONTEXT, count + _MAX_LINES):
            while (
                len(edges) <= num_lines and edges[0] > 0 and not (len(edges) > count and stop - edges[0] > _MAX_BYTES)
            ):
                edges.insert(0, await self.line_start(edges[0] - 1))
            screen = Screen()
            for start, end in pairwise(edges):
                screen.feed(_decode(await self._slice(start, end)), start)
            if len(screen.rows) >= count:
                break
        shown = self._shown(screen, stop)
        lines = shown[max(len(shown) - count, 0) :]
        missing = count - len(lines)
        return [*await self.lines_before(edges[0], missing), *lines] if missing and edges[0] > 0 else lines

    async def last_lines(self, count: int) -> list[LogLine]:
        """The last `count` lines, one that is longer than a block told once: by its beginning, or by its end where it
        draws over itself, as a progress bar does."""
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

    async def _draw(self, start: int, count: int) -> tuple[Screen, int]:
        """A screen of more than `count` rows with the lines from `start` on, those that draw over them too, and where
        it ends. Bars that draw over bars for too long are cut there."""
        screen, first, num_lines, calm = Screen(), start, 0, 0
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
        """Where the line that holds the byte at `offset` begins; the log's size for one at its end, or past it."""
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

    async def search(
        self,
        text: str,
        offset: int,
        *,
        backwards: bool = False,
        on_progress: Callable[[int], None] | None = None,
    ) -> int | None:
        """Where the next line that holds `text` begins: from `offset` on, or wholly before it. Small letters
        stand for capital ones too. Cancel the task to give up; `on_progress` hears how far it has come."""
        needle, offset = text.encode(), min(max(offset, 0), self.size)
        ignores_case = text == text.lower()
        while needle and (offset > 0 if backwards else offset < self.size):
            start = max(offset - _SEARCH_BYTES, 0) if backwards else offset
            # A match may lie across two chunks.
            limit = (offset - start) if backwards else _SEARCH_BYTES + len(needle) - 1
            data = await self._read(start, limit)
            data = data.lower() if ignores_case else data
            at = data.rfind(needle) if backwards else data.find(needle)
            if at >= 0:
                return await self.line_start(start + at)
            if backwards:
                offset = start + len(needle) - 1 if start > 0 else 0
            else:
                offset = start + _SEARCH_BYTES if data else self.size
            if on_progress:
                on_progress(offset)
        return None

    async def count(self, text: str, up_to: int) -> tuple[int, int]:
        """How many lines hold `text`: of those that begin at `up_to` or before it, and of all. As `search` compares."""
        needle, ignores_case = text.encode(), text == text.lower()
        before = total = start = 0
        rest = b""
        for offset in range(0, self.size, _SEARCH_BYTES):
            data = rest + await self._read(offset, _SEARCH_BYTES)
            lines = (data.lower() if ignores_case else data).split(b"\n")
            rest = data[len(data) - len(lines[-1]) :]
            if offset + _SEARCH_BYTES < self.size:
                lines.pop()
            for line in lines:
                if needle in line:
                    total += 1
                    before += start <= up_to
                start += len(line) + 1
        return before, total

    def _shown(self, screen: Screen, stop: int) -> list[LogLine]:
        """A screen's rows as lines; those go up to `stop`, an offset."""
        ends = [*(row.offset for row in screen.rows), stop][1:]
        is_open = stop == self.size and not self._tail.endswith(b"\n")
        return [
            LogLine(row.offset, end, row.text(), is_finished=not (is_open and end == stop))
            for row, end in zip(screen.rows, ends, strict=True)
        ]

    async def _line_end(self, start: int) -> int:
        """Where the line after the one that begins at `start` begins."""
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
        """Part of the file as of the last refresh; nothing of a file that has taken its place since."""
        data = b""
        limit = min(limit, self.size - offset)
        while len(data) < limit:
            try:
                piece = await self._host.read(self.path, offset=offset + len(data), limit=limit - len(data))
            except FileNotFoundError:
                break
            if not piece.data or piece.identity != self._identity:
                break
            data += piece.data
        return data

    def _forget(self) -> None:
        self.size, self._tail, self._identity = 0, b"", ""
        self.exists = False
        self._blocks.clear()
        self.generation += 1


def _decode(line: bytes) -> str:
    """A line's text. The last character of an unfinished line may be there in part: it is left for later."""
    is_whole = line.endswith(b"\n")
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(line, final=is_whole)
    return text.removesuffix("\n").removesuffix("\r")
