"""What a model found on each image, remembered: an unchanged image is not looked at again by the same weights.

One file for each network and depth of images. Records are only added, one batch at a time; a torn last one, after a
kill, is cut off by the next writer. While somebody else writes, what is there is read, and nothing is added.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from yogo.definition.identity import Status, settled
from yogo.files.locks import try_take
from yogo.metrics.boxes import Floats

FORMAT = 1
"""Changes whenever what is kept of an image is computed in another way."""

_HEAD = struct.Struct("<IIIqqqq")
"""Of a record: its check sum, the bytes of the name, the rows; the image's status."""

_INODE = (1 << 63) - 1


class _Place(NamedTuple):
    status: Status
    offset: int
    num_rows: int


class PredictionMemory:
    """Rows of `num_values` numbers by image. Use it as a context, which holds its file."""

    def __init__(self, folder: Path | None, key: object, num_values: int) -> None:
        """`key` tells the weights and all else that the rows depend on. Without a `folder` nothing is kept."""
        digest = hashlib.sha256(repr((FORMAT, key, num_values)).encode()).hexdigest()[:32]
        self._file = folder / f"{digest}.rows" if folder else None
        self._num_values = num_values
        self._known: dict[str, _Place] = {}
        self._descriptor = -1
        self._may_write = False

    def __enter__(self) -> Self:
        if self._file is not None:
            with contextlib.suppress(OSError):  # a full disk, or one that is not ours: all is looked at again
                self._file.parent.mkdir(parents=True, exist_ok=True)
                held = try_take(self._file)
                self._may_write = held is not None
                self._descriptor = os.open(self._file, os.O_RDONLY) if held is None else held
                self._scan()
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def get(self, path: str, now: Status) -> Floats | None:
        """The rows (N, num_values) of an image that is as it was; None if they are not known."""
        place = self._known.get(path)
        if place is None or place.status != _stored(now):
            return None
        size = place.num_rows * self._num_values * 4
        data = os.pread(self._descriptor, size, place.offset)
        return np.frombuffer(data, "<f4").reshape(-1, self._num_values) if len(data) == size else None

    def add(self, found: Iterable[tuple[str, Status, Floats]]) -> None:
        """Keep these, of which each image's status was taken before it was read."""
        if not self._may_write:
            return
        sure = [one for one in found if settled((one[1],))]
        with contextlib.suppress(OSError):
            start, written = os.lseek(self._descriptor, 0, os.SEEK_END), bytearray()
            for path, now, rows in sure:
                name, data = os.fsencode(path), np.ascontiguousarray(rows, "<f4").tobytes()
                head = (len(name), len(rows), *_stored(now))
                written += _HEAD.pack(_sum(head, name, data), *head) + name
                self._known[path] = _Place(_stored(now), start + len(written), len(rows))
                written += data
            _write_all(self._descriptor, written)

    def _scan(self) -> None:
        """Find what is there; cut off what is torn or damaged, and what follows it."""
        size, offset = os.fstat(self._descriptor).st_size, 0
        while offset < size:
            head = os.pread(self._descriptor, _HEAD.size, offset)
            if len(head) < _HEAD.size:
                break
            checksum, num_name, num_rows, *status = _HEAD.unpack(head)
            begin = offset + _HEAD.size
            length = num_name + num_rows * self._num_values * 4
            if begin + length > size:
                break
            body = os.pread(self._descriptor, length, begin)
            name, data = body[:num_name], body[num_name:]
            if len(body) < length or _sum((num_name, num_rows, *status), name, data) != checksum:
                break
            self._known[os.fsdecode(name)] = _Place((*status,), begin + num_name, num_rows)
            offset = begin + length
        if offset < size and self._may_write:
            os.ftruncate(self._descriptor, offset)


def _stored(now: Status) -> Status:
    return (*now[:3], now[3] & _INODE)


def _sum(head: Iterable[int], name: bytes, data: bytes) -> int:
    return zlib.crc32(data, zlib.crc32(name + repr((*head,)).encode()))


def _write_all(descriptor: int, data: bytes | bytearray) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
