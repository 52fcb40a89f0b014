"""A line on the terminal that tells how far a long question is, and is gone when it is answered."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from yogo.text.terminal import printable, redraws
from yogo_tui.hosts.base import Tell, silent
from yogo_tui.words import cut_end


@contextmanager
def live(about: str = "") -> Iterator[Tell]:
    """What to tell the progress to: it is drawn on standard error behind `about`, and nowhere where that is no
    terminal."""
    if not redraws(sys.stderr):
        yield silent
        return

    def tell(what: str, done: int, total: int) -> None:
        count = f" · {done:,} of {total:,}" if total else f" · {done:,}" if done else ""
        line = cut_end(printable(f"{about}{what}{count}"), shutil.get_terminal_size().columns - 1)
        print(f"\r{line}\x1b[K", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
