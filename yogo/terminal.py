"""Text of unknown origin, made fit for a terminal: file names, class names, other programs' words."""

from __future__ import annotations

import os
import unicodedata
from typing import TextIO


def printable(text: str) -> str:
    """`text` with every control, format and surrogate character shown as \\x.., so that it cannot drive a terminal."""
    return "".join(c if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} else _shown(c) for c in text)


def _shown(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def redraws(stream: TextIO) -> bool:
    """Whether a line that was printed there can be drawn over: a terminal, and not one that can do nothing."""
    return stream.isatty() and os.environ.get("TERM") not in {"dumb", "unknown"}


def has_colour(stream: TextIO) -> bool:
    """Whether colours are wanted there: a terminal that has them, and no NO_COLOR (no-color.org)."""
    return redraws(stream) and not os.environ.get("NO_COLOR")
