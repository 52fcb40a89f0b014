"""Removes TIFF's orientation tag before Pillow acts on it, and describes TIFF files that Pillow does not support.

Pillow rotates a TIFF as the tag says, but no other format, and mixes up the rows of one that it maps into memory.
Labels refer to the pixels as they are stored, so every format is read that way.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

ORIENTATION = 274
XMP = 700
_WIDTH, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES = 256, 258, 259, 262, 277
_BEGINNINGS = {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}
_MOST_PAGES = 100_000


def without_orientation(data: bytes) -> bytes:
    """The same file, classic or BigTIFF, with all pages marked as upright."""
    out = bytearray(data)
    order = "<" if data[:2] == b"II" else ">"
    for place in _entries(data, order):
        if struct.unpack_from(f"{order}H", data, place)[0] == ORIENTATION:
            value = place + (12 if _is_big(data, order) else 8)
            long = struct.unpack_from(f"{order}H", data, place + 2)[0] == 4
            struct.pack_into(f"{order}{'I' if long else 'H'}", out, value, 1)
    return bytes(out)


def of_unread_kind(data: bytes) -> str | None:
    """A few words on a TIFF that Pillow does not support; None if it is not a TIFF."""
    if data[:4] not in _BEGINNINGS:
        return None
    order = "<" if data[:2] == b"II" else ">"
    said = _first_page(data, order)
    if _WIDTH not in said:
        return None
    bits, samples = said.get(_BITS, 1), said.get(_SAMPLES, 1)
    words = [f"{bits} bits per value"]
    words += [f"{samples} values per pixel"] if samples > 1 else []
    words += ["0 for white"] if said.get(_PHOTOMETRIC) == 0 else []
    words += [f"compression {said[_COMPRESSION]}"] if said.get(_COMPRESSION, 1) != 1 else []
    return f"TIFF in a format that is not supported ({', '.join(words)})"


def _first_page(data: bytes, order: str) -> dict[int, int]:
    """The first value of each entry of the first page, if it is a whole number."""
    big = _is_big(data, order)
    said: dict[int, int] = {}
    for place in _entries(data, order):
        number, kind = struct.unpack_from(f"{order}HH", data, place)
        if number in said:  # the next page
            break
        (count,) = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, place + 4)
        letter = {1: "B", 3: "H", 4: "I", 16: "Q"}.get(kind)
        if letter is not None:
            at = place + (12 if big else 8)
            if count * struct.calcsize(letter) > (8 if big else 4):
                (at,) = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, at)
            if at + struct.calcsize(letter) <= len(data):
                (said[number],) = struct.unpack_from(f"{order}{letter}", data, at)
    return said


def _is_big(data: bytes, order: str) -> bool:
    return bool(struct.unpack_from(f"{order}H", data, 2)[0] == 43)


def _entries(data: bytes, order: str) -> Iterator[int]:
    """Where each directory entry of each page begins. Stops where the file is damaged."""
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
