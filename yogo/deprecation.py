"""Old spellings still work, and each gives one warning per process."""

from __future__ import annotations

import warnings

SAID: set[str] = set()
"""The warnings that were given already."""


def warn_once(sentence: str, *, stacklevel: int = 1) -> None:
    """A DeprecationWarning at the caller of the caller, unless it was given before; `stacklevel` counts from there."""
    if sentence not in SAID:
        SAID.add(sentence)
        warnings.warn(sentence, DeprecationWarning, stacklevel=stacklevel + 2)
