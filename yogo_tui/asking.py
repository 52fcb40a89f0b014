"""The signals that ask a process to end, or would end it abruptly, and how a command handles them."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from types import FrameType
from typing import Any, TypeVar

from yogo.early import KNOCK, came_of_an_import, is_importing_native_code

T = TypeVar("T")

ASKING = (
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGALRM,
    signal.SIGXCPU,
)

_PATIENCE_SECONDS = 2.0
"""Seconds that a command may take to exit, because something that it waits for may never answer."""


_SOON_SECONDS = 0.05


class Stopped(KeyboardInterrupt):
    """A signal other than ctrl+c asked a command to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status = 128 + number
        self.sentence = f"Stopped by {signal.Signals(number).name}."


class _Hearing:
    """The signals received. Each raises KeyboardInterrupt in the main thread, which ends an event loop and its tasks in
    order; a process that does not end in time is killed."""

    def __init__(self) -> None:
        self.stopped: Stopped | None = None
        self._watches: list[threading.Timer] = []
        self._is_put_off = False
        self._has_left = False

    def asked(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            self._leave(frame)
            return
        stopped = Stopped(number)
        self._wait(_PATIENCE_SECONDS, lambda: _end(stopped))
        self.stopped = self.stopped or stopped
        handler = signal.getsignal(signal.SIGINT)
        if handler is signal.SIG_IGN or handler is None:
            self._leave(frame)
        else:
            signal.raise_signal(signal.SIGINT)

    def _leave(self, frame: FrameType | None) -> None:
        if not is_importing_native_code(frame):
            self._is_put_off, self._has_left = False, True
            raise KeyboardInterrupt
        if not self._is_put_off:  # it panics at an error: soon, then
            self._is_put_off = True
            self._wait(_SOON_SECONDS, self._ask_again)

    def _ask_again(self) -> None:
        """More than once: a signal that arrives just before the main thread sleeps does not wake it."""
        if self._is_put_off:
            signal.pthread_kill(threading.main_thread().ident or 0, KNOCK)
            self._wait(_SOON_SECONDS, self._ask_again)

    def knock(self, _number: int, frame: FrameType | None) -> None:
        if self._is_put_off:
            self._leave(frame)

    def _wait(self, seconds: float, action: Callable[[], object]) -> None:
        self._watches.append(threading.Timer(seconds, action))
        self._watches[-1].daemon = True
        self._watches[-1].start()

    @contextlib.contextmanager
    def unmasked(self) -> Iterator[None]:
        """Raise Stopped or KeyboardInterrupt, also if an import turned it into another error."""
        try:
            yield
            if self._is_put_off:
                raise KeyboardInterrupt
        except BaseException as error:
            is_stop = isinstance(error, KeyboardInterrupt)
            if is_stop or (self._has_left and came_of_an_import(error.__traceback__)):
                raise (self.stopped or KeyboardInterrupt()) from None
            raise
        finally:
            self._is_put_off = False
            for watch in self._watches:
                watch.cancel()


@contextlib.contextmanager
def heard() -> Iterator[None]:
    """Raise Stopped in the main thread on one of these signals, and KeyboardInterrupt on ctrl+c; a signal that is
    ignored stays ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    hearing = _Hearing()
    knock = signal.signal(KNOCK, hearing.knock)
    try:
        with hearing.unmasked(), handled(hearing.asked):
            yield
    finally:
        signal.signal(KNOCK, knock)


@contextlib.contextmanager
def handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Have `handler` called on each of these signals; one that is ignored from the start, as with nohup, stays so."""
    before = {number: signal.getsignal(number) for number in ASKING}
    heeded = {number: one for number, one in before.items() if one is not signal.SIG_IGN and one is not None}
    try:
        for number in heeded:
            signal.signal(number, handler)
        yield
    finally:
        for number, one in heeded.items():
            signal.signal(number, one)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Like asyncio.run, which ends in order at ctrl+c only if nothing else handles it."""
    import asyncio

    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or handler in {signal.SIG_IGN, None}:
        return asyncio.run(main)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return asyncio.run(main)
    finally:
        signal.signal(signal.SIGINT, handler)


def _end(stopped: Stopped) -> None:
    with contextlib.suppress(OSError, ValueError):
        print(f"yogo-tui: {stopped.sentence}", file=sys.stderr, flush=True)
    os._exit(stopped.status)
