"""What an image file declares beside its pixels: how many bits are used, and whether the file is complete."""

from __future__ import annotations

import os
import struct
from typing import IO, Any

from yogo.images.depth import DEPTHS, depth_of
from yogo.images.pixels import tag

_BITS_PER_SAMPLE, _MAX_SAMPLE_VALUE, _S_MAX_SAMPLE_VALUE = 258, 281, 341
_OFFSETS, _COUNTS = (273, 324), (279, 325)
_PNG_END = b"IEND\xaeB`\x82"
_MOST_CHUNKS = 100


def declared_bits(picture: Any, file: IO[bytes]) -> int:
    """For an image of more than 8 bits per value, how many the file says are used: one of DEPTHS; 0 if it does not."""
    said = _significant_bits(file) if picture.format == "PNG" else _of_tiff(picture)
    return next((bits for bits in DEPTHS if said <= bits), 0) if said else 0


def _of_tiff(picture: Any) -> int:
    (width, *_) = _numbers(picture, _BITS_PER_SAMPLE) or [16]
    said = width if 8 < width < 16 else 0
    for number in (_MAX_SAMPLE_VALUE, _S_MAX_SAMPLE_VALUE):
        # The type's maximum is TIFF's default, and says nothing about the camera.
        highest = max(_numbers(picture, number), default=0)
        if 255 < highest < min(2**width - 1, 0xFFFF):
            said = max(said, depth_of(int(highest)))
    return int(said)


def _numbers(picture: Any, number: int) -> list[Any]:
    value = tag(picture, number, ())
    return list(value) if isinstance(value, tuple) else [value]


def _significant_bits(file: IO[bytes]) -> int:
    """PNG's sBIT, of the channel that has the most bits."""
    at = 8
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8 or head[4:] == b"IDAT":
            return 0
        (length,) = struct.unpack(">I", head[:4])
        if head[4:] == b"sBIT":
            return max(file.read(min(length, 4)), default=0)
        at += 12 + length
    return 0


def seems_whole(picture: Any, file: IO[bytes]) -> bool:
    """Whether the file ends where its header says. If not, decoding decides whether it is damaged."""
    size = os.fstat(file.fileno()).st_size
    if picture.format == "TIFF":
        ends = [
            offset + count
            for offsets, counts in zip(_OFFSETS, _COUNTS, strict=True)
            for offset, count in zip(_numbers(picture, offsets), _numbers(picture, counts), strict=False)
        ]
        return bool(ends) and max(ends) <= size
    file.seek(max(0, size - 12))
    tail = file.read()
    return tail.endswith(_PNG_END) if picture.format == "PNG" else tail.endswith(b"\xff\xd9")
