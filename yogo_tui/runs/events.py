"""Reads events.jsonl through a host: only what is new, and of a long file at first only the head and the tail."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from yogo.run.doubts import doubts
from yogo.run.history import History
from yogo_tui.hosts.base import Files
from yogo_tui.runs.model import Progress

_HEAD = 16 << 10
_TAIL = 128 << 10
_PIECE = 4 << 20
_AT_ONCE = 128 << 10
"""Bytes that are parsed in one go: some milliseconds' worth."""

_STRIDE = 1 << 20
_SEARCHED = 32 << 20
_BEST = b'"best.pth"'
"""Occurs in the event of each epoch that was better than all before it."""


class EventsReader:
    """Follows one file. With `whole` all of it is read, for curves; otherwise the middle of a long file is skipped."""

    def __init__(self, host: Files, path: PurePosixPath, *, whole: bool = False) -> None:
        self.files = host
        self._path = path
        self._whole = whole
        self._begin()

    def _begin(self, identity: str = "") -> None:
        self.history = History()
        self._offset = 0
        self._identity = identity
        self._has_gap = False

    @property
    def progress(self) -> Progress | None:
        """How far the run is; None if it has not started."""
        if not self.history.started:
            return None
        progress = Progress.of(self.history)
        return progress if self._knows_best else replace(progress, best_loss=None, best_epoch=None)

    @property
    def _knows_best(self) -> bool:
        """Whether the best epoch is in the part that was read."""
        return not self._has_gap or any(event.file == "best.pth" for event in self.history.checkpoints)

    @property
    def best_metrics(self) -> Mapping[str, float | None]:
        """Those of the best epoch's validation; empty if they are not known."""
        best = self.history.best
        return best.metrics if best and self._knows_best else {}

    @property
    def doubts(self) -> tuple[str, ...]:
        """Sentences on implausible numbers; empty while only a part of the file was read."""
        return () if self._has_gap else doubts(self.history)

    async def read(self) -> bool:
        """Read what was added. Returns whether that was anything. A file that was replaced is read from its start.

        Raises HostError.
        """
        changed, is_wide = False, self._whole
        while True:
            limit = _PIECE if is_wide or self._offset else _HEAD
            try:
                piece = await self.files.read(self._path, offset=self._offset, limit=limit)
            except FileNotFoundError:
                return changed
            if piece.size < self._offset or piece.identity != self._identity:
                if self._offset:
                    self._begin(piece.identity)
                    continue
                self._identity = piece.identity
            num_added, num_bytes = await self._add(piece.data)
            is_head = self._offset == 0
            # So much data without a line end cannot be an event: it is skipped.
            self._offset += num_bytes or (_PIECE if len(piece.data) == _PIECE else 0)
            is_wide = True
            changed = changed or bool(num_added)
            if is_head and not self._whole and piece.size > _HEAD + _TAIL:
                start = await self._tail(self._offset, piece.size)  # it may be inside a line, whose rest is skipped
                self._has_gap, self._offset = start > self._offset, start
            elif len(piece.data) < limit or self._offset >= piece.size:
                return changed

    async def _add(self, data: bytes) -> tuple[int, int]:
        """Add the events in `data`, a part at a time, so that keys are answered meanwhile. Returns how many there are,
        and how many bytes were whole lines."""
        num_added = done = 0
        while done < len(data):
            end = data.find(b"\n", min(done + _AT_ONCE, len(data) - 1)) + 1
            added, num_bytes = self.history.feed(data[done : end or len(data)])
            num_added, done = num_added + added, done + num_bytes
            if not num_bytes:
                break
            await asyncio.sleep(0)
        return num_added, done

    async def _tail(self, head: int, size: int) -> int:
        """The offset to continue from in a long file: before the best epoch, if that is found near the end of the file,
        else close to its end."""
        start = size
        while start > head and size - start < _SEARCHED:
            length = _TAIL if start == size else _STRIDE
            start = max(head, start - length)
            try:
                piece = await self.files.read(self._path, offset=start, limit=length)
            except FileNotFoundError:
                return head
            if _BEST in piece.data:
                return max(head, start - _HEAD)  # the epoch's validation precedes its checkpoint
        return start if start == head else size - _TAIL
