"""Leaving the console: whatever asks for it, the terminal is given back as it was, within a second, whatever hangs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from yogo_tui.asking import ASKING

_PATIENCE_SECONDS = 0.7
_CRASH_SECONDS = 5.0
"""As long as that for a crash: what it was is printed last, and must not be lost."""

_TIDY = "".join(
    (
        "\x1b[?2004l",  # pastes are no longer marked
        "\x1b[?7h",  # long lines wrap
        "\x1b[?2048l",
        "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l",  # the mouse is no longer reported
        "\x1b[<u",  # keys are told the usual way
        "\x1b[?1049l",  # the screen from before
        "\x1b[?25h",  # the cursor
        "\x1b[?1004l",
        "\x1b[0m",
    )
)


class Leaving:
    """One for the whole console: it is told when the end begins, and sees to it that the end comes."""

    def __init__(self, end_all: Callable[[], None]) -> None:
        """`end_all` ends the processes that were started and still run."""
        self._end_all = end_all
        self._status = 0
        self._farewell = ""
        self._is_tidy = False
        self._began = threading.Event()
        self._before: list[int | list[bytes | int]] | None = None
        with contextlib.suppress(termios.error, OSError, ValueError):
            self._before = termios.tcgetattr(sys.__stdin__.fileno())  # type: ignore[union-attr]

    def begin(self, status: int = 0, farewell: str = "") -> None:
        """The end has begun: if it does not come by itself, it is brought about."""
        if not self._began.is_set():
            self._status, self._farewell = status, farewell
            self._began.set()
            watch = threading.Timer(_CRASH_SECONDS if status == 1 else _PATIENCE_SECONDS, self._force)
            watch.daemon = True
            watch.start()

    def tidied(self) -> None:
        """The app itself has given the terminal back."""
        self._is_tidy = True

    @contextlib.contextmanager
    def on_signals(self, leave: Callable[[int], object]) -> Iterator[None]:
        """Call `leave` with the exit status when a signal asks to end; in the event loop, unless that hangs."""
        loop = asyncio.get_running_loop()

        def asked(number: int, _frame: FrameType | None) -> None:
            self.begin(128 + number)
            loop.call_soon_threadsafe(leave, 128 + number)

        # What is ignored from the start, as nohup has it, stays ignored.
        before = {number: signal.getsignal(number) for number in ASKING}
        heeded = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
        for number in heeded:
            signal.signal(number, asked)
        try:
            yield
        finally:
            for number in heeded:
                signal.signal(number, before[number])

    def _force(self) -> None:
        """End now, in a thread: what should have ended the console hangs."""
        # A terminal that takes nothing more must not hold up the end either.
        last = threading.Timer(_PATIENCE_SECONDS / 4, os._exit, [self._status])
        last.daemon = True
        last.start()
        self._end_all()
        if not self._is_tidy:
            self.tidy()
        self.end(self._status)

    def tidy(self) -> None:
        """Undo what the app did to the terminal."""
        self._is_tidy = True
        with contextlib.suppress(OSError):
            os.write(2, _TIDY.encode())
        if self._before is not None:
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(0, termios.TCSANOW, self._before)

    def end(self, status: int) -> None:
        """End the process without waiting for threads: one that reads from a dead mount never returns."""
        self._end_all()
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
            print(self._farewell, end="\n" if self._farewell else "", file=sys.__stdout__, flush=True)
        os._exit(status)


def farewell(num_active: int, argv: list[str], goodbye: str = "") -> str:
    """What goes on without the console, and how to come back: `goodbye`, or the command; empty when nothing goes on."""
    if not num_active:
        return goodbye
    jobs = "1 job goes on" if num_active == 1 else f"{num_active} jobs go on"
    return f"{jobs}. {goodbye or f'Come back: {shlex.join([*program(argv[0]), *argv[1:]])}'}"


def program(typed: str) -> list[str]:
    """The console's command as it can be typed here."""
    path = Path(typed)
    if path.name == "__main__.py":
        return [Path(sys.executable).name, "-m", "yogo_tui"]
    found = shutil.which(path.name)
    if found and Path(found).resolve() == path.resolve():
        return [path.name]
    with contextlib.suppress(ValueError):
        return [str(path.absolute().relative_to(Path.cwd()))]
    return [typed]
