"""Image files that Pillow does not write: of any depth in 16 bits, in grey or colour, with tags of one's own."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

Chunks = tuple[tuple[bytes, bytes], ...]


def png16(path: Path, values: np.ndarray, *, chunks: Chunks = ()) -> Path:
    """A PNG of 16 bits per value: (H, W) grey, or (H, W, 2, 3 or 4) with transparency, in colour, in colour with it."""
    values = values[..., None] if values.ndim == 2 else values
    height, width, channels = values.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    parts = ((b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts))
    return path


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def tiff(
    path: Path,
    values: np.ndarray,
    *,
    order: str = "<",
    white_is_zero: bool = False,
    tags: dict[int, int] | None = None,
) -> Path:
    """An uncompressed TIFF in one strip, (H, W) or (H, W, 3), of the values' own type; `tags` of 16 bits each."""
    height, width = values.shape[:2]
    channels = 1 if values.ndim == 2 else values.shape[2]
    bits = values.dtype.itemsize * 8
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    data = values.astype(f"{order}{values.dtype.kind}{values.dtype.itemsize}").tobytes()
    entries = {256: width, 257: height, 259: 1, 262: 2 if channels == 3 else 0 if white_is_zero else 1}
    entries |= {273: 8, 277: channels, 278: height, 279: len(data), 339: kind} | (tags or {})
    # The bits of three samples do not fit into the entry: they lie after the pixels.
    extra = struct.pack(f"{order}3H", bits, bits, bits) if channels == 3 else b""
    entries[258] = 8 + len(data) if extra else entries.get(258, bits)
    directory = struct.pack(f"{order}H", len(entries))
    for number, value in sorted(entries.items()):
        if number == 258 and extra:
            directory += struct.pack(f"{order}HHII", number, 3, 3, value)
        elif number in {273, 279}:
            directory += struct.pack(f"{order}HHII", number, 4, 1, value)
        else:
            directory += struct.pack(f"{order}HHIHH", number, 3, 1, value, 0)
    magic = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8 + len(data) + len(extra))
    path.write_bytes(magic + data + extra + directory + bytes(4))
    return path
