"""events.jsonl through a host: only what is new is read, and of a long file only its head and its tail at first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

from yogo.run import events
from yogo.run.doubts import doubts
from yogo.run.history import History
from yogo_tui.hosts.base import Host
from yogo_tui.runs.model import Progress

_HEAD = 16 << 10
_TAIL = 128 << 10
_PIECE = 4 << 20
_STRIDE = 1 << 20
_SEARCHED = 32 << 20
_BEST = b'"best.pth"'
"""Stands in the event of each epoch that was better than all before it."""


class EventsReader:
    """Follows one file. `whole` reads all of it (for curves); otherwise the middle of a long one is left out."""

    def __init__(self, host: Host, path: PurePosixPath, *, whole: bool = False) -> None:
        self._host = host
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
        """How far the run is; None before it has started."""
        if not self.history.started:
            return None
        progress = Progress.of(self.history)
        return progress if self._knows_best else replace(progress, best_loss=None, best_epoch=None)

    @property
    def _knows_best(self) -> bool:
        """Whether the best epoch is among what was read."""
        return not self._has_gap or any(event.file == "best.pth" for event in self.history.checkpoints)

    @property
    def map50(self) -> float | None:
        """Of the best epoch's validation."""
        best = self.history.best
        return best.metrics.get("mAP50") if best and self._knows_best else None

    @property
    def doubts(self) -> tuple[str, ...]:
        """On numbers that cannot be right; none while only a part of them was read, which proves nothing."""
        return () if self._has_gap else doubts(self.history)

    async def read(self) -> bool:
        """Read what was added; whether that was anything. A file that was replaced is begun anew. Raises HostError."""
        changed, is_wide = False, self._whole
        while True:
            limit = _PIECE if is_wide or self._offset else _HEAD
            try:
                piece = await self._host.read(self._path, offset=self._offset, limit=limit)
            except FileNotFoundError:
                return changed
            if piece.size < self._offset or piece.identity != self._identity:
                if self._offset:
                    self._begin(piece.identity)
                    continue
                self._identity = piece.identity
            added, num_bytes = events.parse(piece.data)
            self.history.extend(added)
            is_head = self._offset == 0
            # What is no line after so much is no event, and never will be.
            self._offset += num_bytes or (_PIECE if len(piece.data) == _PIECE else 0)
            is_wide = True
            changed = changed or bool(added)
            if is_head and not self._whole and piece.size > _HEAD + _TAIL:
                start = await self._tail(self._offset, piece.size)  # amid a line: what is torn is skipped
                self._has_gap, self._offset = start > self._offset, start
            elif len(piece.data) < limit or self._offset >= piece.size:
                return changed

    async def _tail(self, head: int, size: int) -> int:
        """Where to go on in a long file: so far from its end that the best epoch is told from there on, if it is told
        within what can be searched in a moment."""
        start = size
        while start > head and size - start < _SEARCHED:
            length = _TAIL if start == size else _STRIDE
            start = max(head, start - length)
            try:
                piece = await self._host.read(self._path, offset=start, limit=length)
            except FileNotFoundError:
                return head
            if _BEST in piece.data:
                return max(head, start - _HEAD)  # the validation stands before the checkpoint that it led to
        return start if start == head else size - _TAIL
