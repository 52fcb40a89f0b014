"""Signals: whatever asks a process to end is heard at once, and a run that trains is saved first.

Within `heard`, a signal raises Stop in the main thread; while a run trains it waits until the step is saved. The
main thread may be in native code for a minute, so a thread beside it hears each signal as it comes: it says so,
has a second one stop at once, and ends the process where the main thread does not come back. Installed before
anything heavy is imported: SIGUSR2 kills a process that has no handler, and Slurm may send it early.
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

_FAULTS = {"SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGIOT", "SIGSEGV", "SIGSYS", "SIGTRAP"}
"""Of the program itself: it cannot go on."""

_OTHERS = {
    *{"SIGKILL", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGCONT"},  # cannot be caught, or only pause
    *{"SIGCHLD", "SIGCLD", "SIGURG", "SIGWINCH", "SIGINFO"},  # end nothing
    *{"SIGPIPE", "SIGXFSZ"},  # Python has them be errors of the write
}

HANDLED = tuple(
    sorted(
        int(signum)
        for signum in signal.valid_signals()
        if not (isinstance(signum, signal.Signals) and signum.name in _FAULTS | _OTHERS)
    )
)
"""All that ask a process to end, by default, and that it may answer."""

ALWAYS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR2)
"""Heard even where whoever started this process ignores them, as a shell does for what it runs in the background."""

RESUMABLE = 75
"""Exit status of a run that was stopped and saved, and is worth resuming (sysexits.h: EX_TEMPFAIL)."""

INTERRUPTED = 130

SAME_SECONDS = 0.5
"""A terminal's ctrl+c reaches every process, and the launcher passes it on: two so close are one."""

SILENT_SECONDS = 0.5
"""A process that stops sooner need not say that it will."""

LEAVE_SECONDS = 5.0
"""How long the main thread may take to leave, where nothing is to be saved."""

HURRY_SECONDS = 2.0
"""The same once a second signal has come."""


class Stop(KeyboardInterrupt):
    """Asked to stop. Not an Exception: nothing that mends errors may swallow it."""

    def __init__(self, signum: int) -> None:
        super().__init__(name(signum))
        self.signum = signum
        self.is_said = False
        """Whether the user was told what became of the run."""


class Inbox:
    """The signal that has come, if any; the latest one counts, but nothing outranks SIGINT."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.pending = 0
        self.is_hurried = False
        """Whether a second signal asked to stop at once."""

        self.is_resumable = False
        """Whether what is stopped can go on later, and the exit status says so."""

        self.is_quiet = False
        """Whether another process speaks for this one."""

        self.relay: Callable[[int], None] | None = None
        """Who gets the signals in place of this process."""

        self.last_words: Callable[[int], None] | None = None
        """What to write down of a stop, should the main thread not come to it."""

        self.say: Callable[[str], None] | None = None
        """Where the user reads; None is standard error."""

        self.is_deferred = False
        self._has_left = False

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Within the block a signal waits to be looked at; only a second one raises Stop."""
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
        if not self._has_left and (self.is_hurried or (first and not self.is_deferred)):
            self._has_left = True
            raise Stop(self.pending)
        return None

    def status(self, signum: int) -> int:
        """The exit status of what this signal stopped."""
        by_person = signum in (signal.SIGINT, signal.SIGQUIT)
        return RESUMABLE if self.is_resumable and not by_person else 128 + signum


INBOX = Inbox()


class _Attendant:
    """The thread that hears signals while the main one is busy."""

    def __init__(self, inbox: Inbox, signums: frozenset[int]) -> None:
        self._inbox = inbox
        self._signums = signums
        self._first = 0
        self._heard_at = 0.0
        self._speak_at: float | None = None
        self._force_at: float | None = None
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
            due = min((at for at in (self._speak_at, self._force_at) if at is not None), default=None)
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
        if not self._first:
            self._first, self._heard_at = signum, now
            if inbox.is_deferred:
                self._tell(f"{spoken(signum)}: stopping after this step; again to stop now")
            else:
                self._speak_at, self._force_at = now + SILENT_SECONDS, now + LEAVE_SECONDS
        elif now - self._heard_at > SAME_SECONDS and signum in (self._first, signal.SIGINT) and not inbox.is_hurried:
            inbox.is_hurried = True
            self._speak_at, self._force_at = None, now + HURRY_SECONDS
            # The handler may have run before this was known, and the main thread sleeps on.
            signal.pthread_kill(threading.main_thread().ident or 0, signum)

    def _be_due(self) -> None:
        now = time.monotonic()
        if self._force_at is not None and now >= self._force_at:
            self._force()
        if self._speak_at is not None and now >= self._speak_at:
            self._speak_at = None
            self._tell(f"{spoken(self._first)}: stopping; again to stop now")

    def _tell(self, sentence: str) -> None:
        # A pipe that nobody reads holds up whoever writes, and the main thread may have the lock.
        if not self._inbox.is_quiet:
            _aside(lambda: (self._inbox.say or _complain)(sentence), seconds=0.0)

    def _force(self) -> None:
        """Files are replaced atomically, so leaving like this tears none."""
        signum = self._inbox.pending or self._first
        words = self._inbox.last_words
        if words is not None:
            _aside(lambda: words(signum), seconds=3.0)
        if not self._inbox.is_quiet:
            _aside(_show_cursor, seconds=1.0)
            _aside(lambda: _complain(f"Stopped by {spoken(signum)}."), seconds=1.0)
        os._exit(self._inbox.status(signum))


def _aside(action: Callable[[], object], *, seconds: float) -> None:
    """Do it in a thread of its own, and wait no longer than so many seconds for it."""
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    thread.join(seconds)


def leave(status: int) -> None:
    """End this process now: what is left of it, such as a thread that reads from a dead drive, is not waited for."""
    for stream in (sys.stdout, sys.stderr):
        _aside(stream.flush, seconds=1.0)
    os._exit(status)


def _show_cursor() -> None:
    """A bar that was being drawn has hidden it, and does not come to show it again."""
    for number in (1, 2):
        if os.isatty(number):
            os.write(number, b"\x1b[?25h\r\n")
            return


def _complain(sentence: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        print(f"yogo: {sentence}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def heard(inbox: Inbox = INBOX, *, to_the_end: bool = False) -> Iterator[None]:
    """Receive signals within the block, those too that were held back until now; afterwards all is as it was, or, if
    it is `to_the_end` of the process, what it has done stands: only an interrupt still ends it.

    What whoever started this process ignores stays ignored (nohup), but for ALWAYS. Outside of the main thread
    nothing is received.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    inbox.reset()
    before = {signum: signal.getsignal(signum) for signum in HANDLED}
    mine = [signum for signum, how in before.items() if how is not None and _may_hear(signum, how)]
    with _Attendant(inbox, frozenset(mine)) as attendant:
        fd = signal.set_wakeup_fd(attendant.writes, warn_on_full_buffer=False)
        try:
            for signum in mine:
                signal.signal(signum, inbox.receive)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
            yield
        finally:
            for signum in mine:
                signal.signal(signum, _afterwards(signum) if to_the_end else before[signum])
            signal.set_wakeup_fd(fd)


def _afterwards(signum: int) -> signal.Handlers:
    return signal.SIG_DFL if signum in (signal.SIGINT, signal.SIGQUIT) else signal.SIG_IGN


def _may_hear(signum: int, how: object) -> bool:
    return how is not signal.SIG_IGN or signum in ALWAYS


def name(signum: int) -> str:
    """SIGTERM, SIGRTMIN+3."""
    try:
        return signal.Signals(signum).name
    except ValueError:
        return f"SIGRTMIN+{signum - signal.SIGRTMIN}"


def spoken(signum: int) -> str:
    """The same for a person, who may not know that ctrl+c is one."""
    return "SIGINT (Ctrl-C)" if signum == signal.SIGINT else name(signum)
