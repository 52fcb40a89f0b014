"""Signals: a request to end is noticed at once, and a run that is training is saved first.

Within `heard`, a signal raises Stop in the main thread. While a run trains, the signal waits until the step is saved;
while native code is imported, it waits for the import. The main thread may be in native code for a minute, so a
second thread receives each signal as it arrives: it prints a message, makes a second signal stop at once, and ends
the process if the main thread does not come back. The handlers are installed before any heavy import: SIGUSR2 kills
a process that has no handler, and Slurm may send it early.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

from yogo import early
from yogo.early import HANDLED, KNOCK, RESUMABLE, name, spoken

__all__ = ["HANDLED", "RESUMABLE", "name", "spoken"]  # declared in yogo.early, imported from here

ALWAYS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR2)
"""Handled even if the parent process ignores them, as a shell does for background jobs."""

INTERRUPTED = 130

SAME_SECONDS = 0.5
"""Ctrl-C in a terminal reaches every process, and the launcher passes it on: two this close count as one."""

SILENT_SECONDS = 0.5
"""A process that stops sooner than this does not announce it."""

LEAVE_SECONDS = 5.0
"""How long the main thread may take to leave when there is nothing to save."""

HURRY_SECONDS = 2.0
"""The same after a second signal."""

KNOCK_SECONDS = 0.05
"""How often the main thread is asked whether it can leave now."""


class Stop(KeyboardInterrupt):
    """A request to stop. Not a subclass of Exception, so that no error handling swallows it."""

    def __init__(self, signum: int) -> None:
        super().__init__(name(signum))
        self.signum = signum
        self.is_said = False
        """Whether the user was told what happened to the run."""


class StopRequests:
    """The signal that arrived, if any; the latest one counts, except that SIGINT outranks all others."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.pending = 0
        self.is_hurried = False
        """Whether a second signal asked to stop at once."""

        self.is_resumable = False
        """Whether the run can be resumed later; the exit status says so."""

        self.is_quiet = False
        """Whether another process prints the messages for this one."""

        self.relay: Callable[[int], None] | None = None
        """Receives the signals in place of this process."""

        self.last_words: Callable[[int], None] | None = None
        """Records the stop if the main thread cannot."""

        self.say: Callable[[str], None] | None = None
        """Where messages go; None means standard error."""

        self.is_deferred = False
        self.is_put_off = False
        """Whether the main thread must leave once the native code that it imports is loaded."""

        self.has_left = False
        """Whether Stop was raised."""

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Within the block a signal waits until the program asks for it; only a second signal raises Stop."""
        self.is_deferred = True
        try:
            yield
        finally:
            self.is_deferred = False

    def receive(self, signum: int, frame: FrameType | None) -> None:
        """In the main thread."""
        if self.relay is not None:
            return self.relay(signum)
        first = not self.pending
        if self.pending != signal.SIGINT:
            self.pending = signum
        if not self.has_left and (self.is_hurried or (first and not self.is_deferred)):
            self._leave(frame)
        return None

    def knock(self, _signum: int, frame: FrameType | None) -> None:
        """Runs in the main thread, now and then while the end is put off."""
        if self.is_put_off:
            self.is_put_off = False
            if self.is_hurried or not self.is_deferred:
                self._leave(frame)

    def _leave(self, frame: FrameType | None) -> None:
        """Native code that is being imported panics at a Stop, so wait for it."""
        self.is_put_off = early.is_importing_native_code(frame)
        if not self.is_put_off:
            self.has_left = True
            raise Stop(self.pending)

    def status(self, signum: int) -> int:
        """The exit status of what this signal stopped."""
        return early.status(signum, is_resumable=self.is_resumable)


STOP_REQUESTS = StopRequests()


class _Attendant:
    """The thread that receives signals while the main thread is busy."""

    def __init__(self, inbox: StopRequests, signums: frozenset[int]) -> None:
        self._inbox = inbox
        self._signums = signums
        self._first = 0
        self._heard_at = 0.0
        self._speak_at: float | None = None
        self._force_at: float | None = None
        self._knock_at: float | None = None
        self._reads, self.writes = os.pipe()
        os.set_blocking(self.writes, False)
        self._thread = threading.Thread(target=self._run, name="yogo-signals", daemon=True)

    def __enter__(self) -> _Attendant:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self.writes, b"\0")
        self._thread.join()
        os.close(self._reads)
        os.close(self.writes)

    def _run(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
        while True:
            ahead = (self._speak_at, self._force_at, self._knock_at)
            due = min((at for at in ahead if at is not None), default=None)
            wait = None if due is None else max(0.0, due - time.monotonic())
            if select.select([self._reads], [], [], wait)[0]:
                heard = os.read(self._reads, 64)
                if b"\0" in heard:
                    return
                for signum in heard:
                    if signum in self._signums and self._inbox.relay is None:
                        self._hear(signum)
            else:
                self._be_due()

    def _hear(self, signum: int) -> None:
        now, inbox = time.monotonic(), self._inbox
        self._knock_at = now + KNOCK_SECONDS
        if not self._first:
            self._first, self._heard_at = signum, now
            if inbox.is_deferred:
                self._tell(f"{spoken(signum)}: stopping after this step; again to stop now")
            else:
                self._speak_at, self._force_at = now + SILENT_SECONDS, now + LEAVE_SECONDS
        elif now - self._heard_at > SAME_SECONDS and signum in (self._first, signal.SIGINT) and not inbox.is_hurried:
            inbox.is_hurried = True
            self._speak_at, self._force_at = None, now + HURRY_SECONDS
            # The handler may have run before this was set, with the main thread still asleep.
            signal.pthread_kill(threading.main_thread().ident or 0, signum)

    def _be_due(self) -> None:
        now = time.monotonic()
        if self._knock_at is not None and now >= self._knock_at:
            if self._inbox.is_put_off:
                signal.pthread_kill(threading.main_thread().ident or 0, KNOCK)
            is_over = self._inbox.pending and not self._inbox.is_put_off
            self._knock_at = None if is_over else now + KNOCK_SECONDS
        if self._force_at is not None and now >= self._force_at:
            self._force()
        if self._speak_at is not None and now >= self._speak_at:
            self._speak_at = None
            self._tell(f"{spoken(self._first)}: stopping; again to stop now")

    def _tell(self, sentence: str) -> None:
        # A pipe that nobody reads blocks the writer, and the main thread may hold the lock.
        if not self._inbox.is_quiet:
            _aside(lambda: (self._inbox.say or _complain)(sentence), seconds=0.0)

    def _force(self) -> None:
        """Files are replaced atomically, so leaving like this damages none."""
        signum = self._inbox.pending or self._first
        words = self._inbox.last_words
        if words is not None:
            _aside(lambda: words(signum), seconds=3.0)
        if not self._inbox.is_quiet:
            _aside(_show_cursor, seconds=1.0)
            _aside(lambda: _complain(f"Stopped by {spoken(signum)}."), seconds=1.0)
        os._exit(self._inbox.status(signum))


def _aside(action: Callable[[], object], *, seconds: float) -> None:
    """Run it in a separate thread, and wait at most `seconds` for it."""
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    thread.join(seconds)


def leave(status: int) -> None:
    """End this process now, without waiting for other threads, such as one that reads from a dead drive."""
    for stream in (sys.stdout, sys.stderr):
        _aside(stream.flush, seconds=1.0)
    os._exit(status)


def _show_cursor() -> None:
    """Show the cursor: an interrupted progress bar has hidden it and cannot show it again."""
    for number in (1, 2):
        if os.isatty(number):
            os.write(number, b"\x1b[?25h\r\n")
            return


def _complain(sentence: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        print(f"yogo: {sentence}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def heard(
    inbox: StopRequests = STOP_REQUESTS, *, to_the_end: bool = False, is_resumable: bool = False, is_quiet: bool = False
) -> Iterator[None]:
    """Receive signals within the block, including those held back until now. Afterwards the old handlers are back; with
    `to_the_end` (of the process) they are not, and only an interrupt still ends it.

    Signals that the parent process ignores stay ignored (nohup), except those in ALWAYS. Outside the main thread
    no signal is received.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    inbox.reset()
    inbox.is_resumable, inbox.is_quiet = is_resumable, is_quiet
    before = {signum: signal.getsignal(signum) for signum in HANDLED}
    ignored = {
        signum for signum, how in before.items() if how is None or (how is signal.SIG_IGN and signum not in ALWAYS)
    }
    mine = [signum for signum in HANDLED if signum not in ignored]
    with _Attendant(inbox, frozenset(mine)) as attendant:
        fd = signal.set_wakeup_fd(attendant.writes, warn_on_full_buffer=False)
        knock = signal.signal(KNOCK, inbox.knock)
        try:
            for signum in mine:
                signal.signal(signum, inbox.receive)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
            yield
        finally:
            for signum in mine:
                signal.signal(signum, _afterwards(signum) if to_the_end else before[signum])
            signal.signal(KNOCK, knock)
            signal.set_wakeup_fd(fd)


@contextlib.contextmanager
def unmasked(inbox: StopRequests = STOP_REQUESTS) -> Iterator[None]:
    """Raise Stop in place of the error that a Stop became during an import: class definitions change its type."""
    try:
        yield
    except Stop:
        raise
    except BaseException as error:
        if inbox.has_left and early.came_of_an_import(error.__traceback__):
            raise Stop(inbox.pending) from None
        raise


def _afterwards(signum: int) -> signal.Handlers:
    return signal.SIG_DFL if signum in (signal.SIGINT, signal.SIGQUIT) else signal.SIG_IGN
