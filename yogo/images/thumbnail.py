"""Small pictures for a person to look at, in few bytes."""

from __future__ import annotations

import io

from PIL import Image

from yogo.images.pixels import Bytes

_QUALITIES = (85, 60, 35)


def thumbnail(pixels_CHW: Bytes, *, side: int, most_bytes: int) -> bytes:
    """A JPEG with no side longer than `side` pixels, in at most `most_bytes` (300 or more)."""
    picture = Image.fromarray(pixels_CHW[0] if len(pixels_CHW) == 1 else pixels_CHW.transpose(1, 2, 0).copy())
    while True:
        picture.thumbnail((side, side), Image.Resampling.BILINEAR)
        for quality in _QUALITIES:
            file = io.BytesIO()
            picture.save(file, "JPEG", quality=quality)
            if file.tell() <= most_bytes or side <= 1:
                return file.getvalue()
        side = side * 3 // 4
