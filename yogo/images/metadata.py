"""An orientation in an unusual place: in XMP, or in EXIF that was written as a PNG's text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_XMP = ("xmp", "XML:com.adobe.xmp")
_TEXTS = ("Raw profile type exif", "Raw profile type APP1")
"""As ImageMagick calls them."""

_ORIENTATION = re.compile(rb"tiff:Orientation\s*(?:=\s*[\"']|>)\s*([1-8])")


def exif_in_text(info: Mapping[Any, Any]) -> bytes:
    """EXIF's bytes; empty if there are none. Raises ValueError for a text that holds something else."""
    for name in _TEXTS:
        if isinstance(text := info.get(name), str):
            # A name and a length come first, each on a line of its own.
            return bytes.fromhex("".join(text.split()[2:]))
    return b""


def orientation_in_xmp(info: Mapping[Any, Any], *packets: object) -> int:
    """EXIF's number; 0 if it is not given."""
    for packet in (*packets, *map(info.get, _XMP)):
        data = packet.encode(errors="replace") if isinstance(packet, str) else packet
        if isinstance(data, bytes) and (found := _ORIENTATION.search(data)):
            return int(found[1])
    return 0
