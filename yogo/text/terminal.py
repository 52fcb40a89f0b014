"""Makes text of unknown origin safe for a terminal: file names, class names, output of other programs."""

from __future__ import annotations

import os
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

LINE_EVERY_SECONDS = 10.0
"""How often progress is a line of its own, where no bar can be drawn over."""


def printable(text: str) -> str:
    """`text` with every control, format and surrogate character shown as \\x.., so that it cannot drive a terminal."""
    if text.isprintable():
        return text
    return "".join(c if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} else _shown(c) for c in text)


def _shown(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


LOG_EVERY_SECONDS = 10.0
"""Between two lines of a log on how far slow work is."""


def redraws(stream: TextIO) -> bool:
    """Whether a printed line can be drawn over: on a terminal that is not a dumb one."""
    return stream.isatty() and os.environ.get("TERM") not in {"dumb", "unknown"}


@contextmanager
def progress_line(stream: TextIO, *, in_logs: bool = False) -> Iterator[Callable[..., None]]:
    """Gives what tells how far slow work is: what is done, how many are done, and of how many (0: not known).

    It draws over one line, which is empty in the end; where no line can be drawn over it says nothing, or with
    `in_logs` prints a line every ten seconds, and one at the end of what it has told of.
    """

    def words(what: str, done: int, total: int) -> str:
        of = f" of {total:,}" if total else ""
        return f"{what} · {done:,}{of}" if done or total else what

    def say(what: str, done: int, total: int = 0) -> None:
        print(f"\r{words(what, done, total)}\x1b[K", end="", file=stream, flush=True)

    told_at, told = time.monotonic(), ""

    def log(what: str, done: int, total: int = 0) -> None:
        nonlocal told_at, told
        is_end_of_told = what == told and done == total
        if in_logs and (is_end_of_told or time.monotonic() - told_at >= LOG_EVERY_SECONDS):
            told_at, told = time.monotonic(), "" if done == total else what
            print(words(what, done, total), file=stream, flush=True)

    if not redraws(stream):
        yield log
        return
    try:
        yield say
    finally:
        print("\r\x1b[K", end="", file=stream, flush=True)


def linked(url: str, stream: TextIO) -> str:
    """`url`, made safe, and on a terminal a hyperlink to it (OSC 8), which one without hyperlinks shows as it is."""
    safe = printable(url)
    is_link = redraws(stream) and url == safe and url.startswith(("http://", "https://"))
    return f"\x1b]8;;{safe}\x1b\\{safe}\x1b]8;;\x1b\\" if is_link else safe


def has_colour(stream: TextIO) -> bool:
    """Whether colours are wanted there: a terminal that has them, and no NO_COLOR (no-color.org)."""
    return redraws(stream) and not os.environ.get("NO_COLOR")
