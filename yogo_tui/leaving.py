"""Leaves the console: the terminal is restored within a second, even if something hangs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import shlex
import shutil
import signal
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from yogo.text.wording import counted
from yogo_tui.asking import handled

_PATIENCE_SECONDS = 0.7
_CRASH_SECONDS = 5.0
"""Seconds allowed after a crash, whose traceback is printed last and must not be lost."""

_TIDY = "".join(
    (
        "\x1b[?2004l",  # pastes are no longer marked
        "\x1b[?7h",  # long lines wrap
        "\x1b[?2048l",
        "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l",  # the mouse is no longer reported
        "\x1b[<u",  # keys are reported in the usual way
        "\x1b[?1049l",  # the screen from before
        "\x1b[?25h",  # the cursor
        "\x1b[?1004l",
        "\x1b[0m",
    )
)


class Leaving:
    """Makes sure that the process ends once the console is left. The console has one."""

    def __init__(self, end_all: Callable[[], None]) -> None:
        """`end_all` ends the child processes that still run."""
        self._end_all = end_all
        self._status = 0
        self._farewell = ""
        self._is_tidy = False
        self._began = threading.Event()
        self._before: list[int | list[bytes | int]] | None = None
        with contextlib.suppress(termios.error, OSError, ValueError):
            self._before = termios.tcgetattr(sys.__stdin__.fileno())  # type: ignore[union-attr]

    def begin(self, status: int = 0, farewell: str = "") -> None:
        """Begin to leave. If the process does not end by itself in time, it is ended."""
        if not self._began.is_set():
            self._status, self._farewell = status, farewell
            self._began.set()
            watch = threading.Timer(_CRASH_SECONDS if status == 1 else _PATIENCE_SECONDS, self._force)
            watch.daemon = True
            watch.start()

    def tidied(self) -> None:
        """Called after the app has restored the terminal itself."""
        self._is_tidy = True

    @contextlib.contextmanager
    def on_signals(self, leave: Callable[[int], object]) -> Iterator[None]:
        """Call `leave` with the exit status when a signal asks to end; in the event loop, unless that hangs."""
        loop = asyncio.get_running_loop()

        def asked(number: int, _frame: FrameType | None) -> None:
            self.begin(128 + number)
            loop.call_soon_threadsafe(leave, 128 + number)

        watch = threading.Thread(target=self._outlast, args=(lambda: asked(signal.SIGHUP, None),), daemon=True)
        watch.start()
        with handled(asked):
            yield

    def _outlast(self, leave: Callable[[], object]) -> None:
        """Wait until the terminal is gone, and leave: nobody will press a key, also where hang-ups are ignored."""
        terminal = select.poll()
        terminal.register(0, 0)  # a hang-up is told always
        while not (told := terminal.poll()):
            pass
        if told[0][1] & (select.POLLHUP | select.POLLERR):
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                leave()

    def _force(self) -> None:
        """End the process now, from a thread, because the normal end hangs."""
        # A terminal that accepts no more output must not block the end either.
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
        """End the process without waiting for threads, because one that reads from a dead mount never returns."""
        self._end_all()
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
            print(self._farewell, end="\n" if self._farewell else "", file=sys.__stdout__, flush=True)
        os._exit(status)


def farewell(num_active: int, argv: list[str], goodbye: str = "") -> str:
    """How many jobs continue without the console, and how to come back; `goodbye` if no jobs continue."""
    if not num_active:
        return goodbye
    jobs = counted(num_active, "job", "goes")
    return f"{jobs} on. {goodbye or f'Come back: {shlex.join([*program(argv[0]), *argv[1:]])}'}"


def program(typed: str) -> list[str]:
    """The console's command as it can be typed in this folder."""
    path = Path(typed)
    if path.name == "__main__.py":
        return [Path(sys.executable).name, "-m", "yogo_tui"]
    found = shutil.which(path.name)
    if found and Path(found).resolve() == path.resolve():
        return [path.name]
    with contextlib.suppress(ValueError):
        return [str(path.absolute().relative_to(Path.cwd()))]
    return [typed]
