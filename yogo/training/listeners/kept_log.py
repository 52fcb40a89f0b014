"""Keeps what a run prints in a log of its own, where no job does: as plain lines, and whatever the disk says."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO, cast

from yogo import signals
from yogo.exits import told_of
from yogo.files.atomic import Fence
from yogo.files.foreign import no_file
from yogo.run.directory import RunDirectory
from yogo.run.lease import RunLost
from yogo.run.own_log import heading, own_log
from yogo.run.record import now
from yogo.text.terminal import printable
from yogo.text.wording import ended
from yogo.training.listeners.terminal import Lines, Terminal
from yogo.training.progress import Event

MOST_BYTES = 16 << 20
"""A log that is larger is set aside when the run begins or goes on; a still older one is removed."""

MOST_WAITING = 1 << 20
"""Bytes kept while the disk accepts none."""

_MISSING = b"(lines are missing here: the disk accepted none)\n"


class KeptLog:
    """Lines for a file that is not known at first, and that the disk may refuse for a while. It never raises OSError.

    Other threads may write too.
    """

    def __init__(self) -> None:
        self._path: Path | None = None
        self._fence: Fence = lambda: None
        self._waiting = bytearray()
        self._is_dropped = False
        self._unfinished = ""
        self._lock = threading.RLock()
        self._pid = os.getpid()

    def open(self, path: Path, fence: Fence, first: str) -> None:
        """Write into `path` from now on, and first the line `first`, before what was added until now."""
        with self._lock, contextlib.suppress(OSError):
            if os.stat(path).st_size > MOST_BYTES:
                fence()
                os.replace(path, path.with_name(f"{path.stem}.previous{path.suffix}"))
        with self._lock:
            self._path, self._fence = path, fence
            self._waiting[:0] = f"{printable(first)}\n".encode()
            self._write()

    def drop(self) -> None:
        """Keep nothing from now on."""
        with self._lock:
            self._is_dropped = True
            self._waiting.clear()

    def write(self, text: str) -> int:
        """Take text as a stream does: a line is kept once it is whole. A process that this one forks keeps nothing."""
        if os.getpid() != self._pid:
            return len(text)
        with self._lock:
            *lines, self._unfinished = (self._unfinished + text).split("\n")
            if lines and not self._is_dropped:
                self._waiting += "".join(f"{printable(line.expandtabs())}\n" for line in lines).encode()
                self._shorten()
                self._write()
        return len(text)

    def flush(self) -> None:
        return

    def _shorten(self) -> None:
        if len(self._waiting) > MOST_WAITING:
            end = self._waiting.index(b"\n", len(self._waiting) - MOST_WAITING // 2) + 1
            self._waiting[:end] = _MISSING

    def _write(self) -> None:
        if self._path is None:
            return
        try:
            self._append(self._path)
        except RunLost:  # another process writes there now
            self._is_dropped = True
            self._waiting.clear()
        except OSError:
            return  # with the next line

    def _append(self, path: Path) -> None:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK, 0o666)
        try:
            found = os.fstat(handle)
            if what := no_file(found):
                raise OSError(errno.EINVAL, f"this is {what}", str(path))
            self._fence()
            if found.st_size and self._waiting.startswith(b"===") and os.pread(handle, 1, found.st_size - 1) != b"\n":
                os.write(handle, b"\n")
            while self._waiting:
                del self._waiting[: os.write(handle, self._waiting)]
        finally:
            os.close(handle)


class LoggedTerminal(Terminal):
    """A terminal, and a log of what it says, with the progress as lines."""

    def __init__(self, screen: Terminal) -> None:
        super().__init__()
        self.log = KeptLog()
        self._screen = screen
        self._lines = Lines(self.log)

    def begin(self, run: Path, epochs: int) -> None:
        for one in (self._screen, self._lines):
            one.begin(run, epochs)

    def hear(self, event: Event) -> None:
        self._lines.hear(event)  # the first, as a terminal may be gone
        self._screen.hear(event)

    def say(self, text: str) -> None:
        self._lines.say(text)
        self._screen.say(text)

    def close(self) -> None:
        self._screen.close()


class _Both:
    """A stream, and a log of what is written to it."""

    def __init__(self, stream: TextIO, log: KeptLog) -> None:
        self._stream = stream
        self._log = log

    def write(self, text: str) -> int:
        self._log.write(text)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def logged(screen: Terminal, run: RunDirectory, fence: Fence, command: Sequence[str]) -> Iterator[None]:
    """Keep in the run's own log what is printed within the block, and the error that ends it; or nothing, if a job
    keeps it. `fence` raises RunLost once another process holds the run."""
    if not isinstance(screen, LoggedTerminal):
        yield
        return
    path, log = own_log(run, sys.stdout), screen.log
    if path is None:
        log.drop()
        yield
        return
    log.open(path, fence, heading(now(), shlex.join(command)))
    errors, sys.stderr = sys.stderr, cast("TextIO", _Both(sys.stderr, log))
    try:
        yield
    except BaseException as error:
        log.write(_last_words(error))
        raise
    finally:
        sys.stderr = errors


def _last_words(error: BaseException) -> str:
    """What will be printed of the error that ends this process; empty if that was printed."""
    if isinstance(error, signals.Stop):
        return "" if error.is_said else f"yogo: Stopped by {signals.spoken(error.signum)}.\n"
    if sentence := told_of(error):
        return f"yogo: {ended(sentence)}\n"
    return "".join(traceback.format_exception(error))
