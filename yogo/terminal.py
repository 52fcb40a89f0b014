"""Text of unknown origin, made fit for a terminal: file names, class names, other programs' words."""

from __future__ import annotations

import unicodedata


def printable(text: str) -> str:
    """`text` with every control, format and surrogate character shown as \\x.., so that it cannot drive a terminal."""
    return "".join(c if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} else _shown(c) for c in text)


def _shown(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
