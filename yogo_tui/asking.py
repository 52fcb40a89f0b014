"""The signals that ask a process to end, or would end it untidily; and how a command hears them."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

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
"""As long as that a command may take to leave: something that it waits for may never answer."""


class Stopped(KeyboardInterrupt):
    """A signal other than ctrl+c asked a command to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status = 128 + number
        self.sentence = f"Stopped by {signal.Signals(number).name}."


@contextlib.contextmanager
def heard() -> Iterator[None]:
    """Raise Stopped in the main thread where one of these signals comes; one that is ignored stays ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    deaf = [number for number in ASKING if signal.getsignal(number) is signal.SIG_DFL]
    watches: list[threading.Timer] = []
    came: list[Stopped] = []

    def asked(number: int, _frame: FrameType | None) -> None:
        watches.append(threading.Timer(_PATIENCE_SECONDS, _end, [Stopped(number)]))
        watches[-1].daemon = True
        watches[-1].start()
        came.append(Stopped(number))
        if signal.getsignal(signal.SIGINT) in {signal.SIG_IGN, None}:
            raise came[0]
        signal.raise_signal(signal.SIGINT)  # by which an event loop ends in order, and all that it had asked

    for number in deaf:
        signal.signal(number, asked)
    try:
        yield
    except KeyboardInterrupt as stop:
        raise (came[0] if came else stop) from None
    finally:
        for number in deaf:
            signal.signal(number, signal.SIG_DFL)
        for watch in watches:
            watch.cancel()


def _end(stopped: Stopped) -> None:
    with contextlib.suppress(OSError, ValueError):
        print(f"yogo-tui: {stopped.sentence}", file=sys.stderr, flush=True)
    os._exit(stopped.status)
