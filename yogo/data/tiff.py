"""TIFF's orientation tag, taken out before Pillow acts on it.

Pillow turns a TIFF as the tag says, but no other format, and mixes up the rows of one that it maps into memory.
Labels belong to the pixels as they are stored, so that is how every format is read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

ORIENTATION = 274
_MOST_PAGES = 100_000


def without_orientation(data: bytes) -> bytes:
    """The same file, classic or BigTIFF, whose pages all say that they stand upright."""
    out = bytearray(data)
    order = "<" if data[:2] == b"II" else ">"
    for place in _entries(data, order):
        if struct.unpack_from(f"{order}H", data, place)[0] == ORIENTATION:
            value = place + (12 if _is_big(data, order) else 8)
            long = struct.unpack_from(f"{order}H", data, place + 2)[0] == 4
            struct.pack_into(f"{order}{'I' if long else 'H'}", out, value, 1)
    return bytes(out)


def _is_big(data: bytes, order: str) -> bool:
    return bool(struct.unpack_from(f"{order}H", data, 2)[0] == 43)


def _entries(data: bytes, order: str) -> Iterator[int]:
    """Where each directory entry of each page begins. Ends where the file is torn."""
    big = _is_big(data, order)
    pointer, count, size = ("Q", "Q", 20) if big else ("I", "H", 12)
    width = struct.calcsize(f"{order}{count}")
    seen: set[int] = set()
    try:
        (at,) = struct.unpack_from(f"{order}{pointer}", data, 8 if big else 4)
        while at and at not in seen and len(seen) < _MOST_PAGES:
            seen.add(at)
            (number,) = struct.unpack_from(f"{order}{count}", data, at)
            yield from range(at + width, min(at + width + number * size, len(data) - size + 1), size)
            (at,) = struct.unpack_from(f"{order}{pointer}", data, at + width + number * size)
    except struct.error:
        return
