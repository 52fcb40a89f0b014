"""Signals: what asks a run to stop, and when it does.

SIGTERM, SIGINT and SIGUSR2 stop a run that trains at its next step, once that is saved. While nothing is
there to be saved they stop it at once. Installed before anything heavy is imported: SIGUSR2 kills a process
that has no handler, and Slurm may send it early.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR2)

RESUMABLE = 75
"""Exit status of a run that was stopped and saved, and is worth resuming (sysexits.h: EX_TEMPFAIL)."""

INTERRUPTED = 130

SAME_KEYPRESS_SECONDS = 0.5
"""A terminal's ctrl+c reaches every process, and the launcher passes it on: two so close are one."""


class Stop(BaseException):
    """The run is asked to stop. Not an Exception: nothing that mends errors may swallow it."""

    def __init__(self, signum: int) -> None:
        super().__init__(name(signum))
        self.signum = signum

    @property
    def status(self) -> int:
        return status(self.signum)


class Inbox:
    """The signal that has come, if any; the latest one counts, but nothing outranks SIGINT."""

    def __init__(self) -> None:
        self.pending = 0
        self._at_once = True
        self._interrupted_at: float | None = None

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Within the block a signal waits to be looked at; it raises Stop nowhere."""
        self._at_once = False
        try:
            yield
        finally:
            self._at_once = True

    def receive(self, signum: int, frame: FrameType | None) -> None:
        if signum == signal.SIGINT:
            self._interrupt()
        first = not self.pending
        if self.pending != signal.SIGINT:
            self.pending = signum
        if self._at_once and first:
            raise Stop(signum)

    def _interrupt(self) -> None:
        now = time.monotonic()
        if self._interrupted_at is not None and now - self._interrupted_at > SAME_KEYPRESS_SECONDS:
            # Files are replaced atomically, so leaving without a word tears none.
            os._exit(INTERRUPTED)
        self._interrupted_at = self._interrupted_at or now


INBOX = Inbox()


def install() -> None:
    """Receive signals from now on; those held back since the launcher started this process come now."""
    for signum in HANDLED:
        signal.signal(signum, INBOX.receive)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)


def ignore() -> None:
    """For helpers of a rank, such as loader workers: the rank decides when they end."""
    for signum in HANDLED:
        signal.signal(signum, signal.SIG_IGN)


def status(signum: int) -> int:
    """The exit status of a run that this signal stopped."""
    return INTERRUPTED if signum == signal.SIGINT else RESUMABLE


def name(signum: int) -> str:
    return signal.Signals(signum).name
