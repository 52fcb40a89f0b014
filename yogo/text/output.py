"""Standard output and standard error, made safe: a failure to print does not change a command's result.

A character that the encoding lacks becomes a question mark. A closed stream discards everything. A stream that
cannot be written to (a full disk, a reader that has gone) fails only a command whose only result is what it prints.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
import sys
from typing import TYPE_CHECKING, TextIO

from yogo.errors import YogoError

if TYPE_CHECKING:
    from typing_extensions import Buffer


class OutputLostError(YogoError):
    """A command's output cannot be written."""


class _Stream(io.RawIOBase):
    """One of the standard streams. While it `must_arrive`, the first write that fails raises."""

    def __init__(self, number: int, name: str) -> None:
        self.number = number
        self.name = name
        self.must_arrive = False

    def fileno(self) -> int:
        return self.number

    def isatty(self) -> bool:
        return os.isatty(self.number)

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer, /) -> int:
        """Raises BrokenPipeError, OutputLostError."""
        view = memoryview(data)
        try:
            return self._write(view)
        except OSError as error:
            if not self.must_arrive:
                return len(view)
            self.must_arrive = False  # it would be tried again at the very end
            if isinstance(error, BrokenPipeError):
                raise
            raise OutputLostError(f"{self.name} cannot be written to: {error.strerror}") from error

    def _write(self, view: memoryview) -> int:
        while True:
            try:
                return os.write(self.number, view)
            except BlockingIOError:  # another process that shares it made it non-blocking; wait for it
                select.select([], [self.number], [])


def steady() -> None:
    """Replace this process's standard streams, if they are the process's own."""
    # A newly opened file takes the lowest free number, which is that of the closed stream.
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115
    for name, number, words in (("stdout", 1, "Standard output"), ("stderr", 2, "Standard error")):
        stream: TextIO | None = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif stream is getattr(sys, f"__{name}__"):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
            setattr(sys, name, _steady(stream, number, words))


def _steady(stream: TextIO, number: int, words: str) -> TextIO:
    by_line = bool(stream.line_buffering) or number == 2 or bool(getattr(stream, "write_through", False))
    return io.TextIOWrapper(
        io.BufferedWriter(_Stream(number, words)),
        encoding=stream.encoding or "utf-8",
        errors="replace",
        line_buffering=by_line,
    )


def must_arrive() -> None:
    """From now on the command fails if its output is lost, since that is its only result."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(raw, _Stream):
        raw.must_arrive = True
