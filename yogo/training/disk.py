"""A run's files on a disk that may be full, or away, for a while: the training goes on, and they are written later.

Every file is replaced whole or not at all, so the last good checkpoint stands meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from yogo.errors import RunError
from yogo.run.atomic import Fence
from yogo.run.holder import job
from yogo.training import signals
from yogo.wording import listed

T = TypeVar("T")

RETRY_SECONDS = 5.0
"""How soon what failed is tried again."""

PATIENCE_SECONDS = 600.0
"""How long a run that has nothing else left to do tries to write; YOGO_DISK_PATIENCE sets another time."""

STOP_SECONDS = 10.0
"""The same for one that was asked to stop, and is ended if it takes its time."""

LOOK_SECONDS = 0.2
LOCK_SECONDS = 2.0


def patiently(action: Callable[[], T], tell: Callable[[str], None]) -> T:
    """What `action` returns. In a job, which does not come back by itself, a disk that refuses is waited for.

    Raises OSError at once outside of a job, and in one when there is no more patience.
    """
    deadline, has_told = time.monotonic() + (patience() if job()[0] else 0.0), False
    while True:
        try:
            return action()
        except OSError as error:
            if time.monotonic() >= deadline:
                raise
            if not has_told:
                tell(f"{error.filename or 'A file'} cannot be written: {error.strerror}; this is tried again")
                has_told = True
            time.sleep(LOOK_SECONDS)


class StillOwed(RunError):
    """A run has nothing left to do but to write what its disk has refused for long."""


def patience() -> float:
    with contextlib.suppress(ValueError):
        return max(0.0, float(os.environ.get("YOGO_DISK_PATIENCE", "")))
    return PATIENCE_SECONDS


class Disk:
    """What one run writes. The leading process alone has one."""

    def __init__(
        self, fence: Fence = lambda: None, heed: Fence = lambda: None, say: Callable[[str], None] = print
    ) -> None:
        self.fence = fence
        """Raises RunLost where the run is another's by now: then nothing is written any more."""

        self.heed = heed
        """As `fence`, by what was seen last: it costs nothing."""

        self.say = say
        self._owed: dict[Path, Callable[[], None]] = {}
        self._why: dict[Path, str] = {}
        self._tried_at = 0.0
        self._has_told = False
        self._lock = threading.RLock()
        """A stop may be written down by another thread, while a disk that does not answer keeps this one."""

    @property
    def owes(self) -> bool:
        return bool(self._owed)

    @contextlib.contextmanager
    def speaking(self, say: Callable[[str], None]) -> Iterator[None]:
        """Within the block, what is to be said is said so."""
        before, self.say = self.say, say
        try:
            yield
        finally:
            self.say = before

    def write(self, path: Path, action: Callable[[], None], *, after: Path | None = None) -> bool:
        """Whether `action` has written `path`; if not it is owed, in place of what was owed there, and tried again.

        It is not tried before `after` is written. Raises RunLost.
        """
        if not self._lock.acquire(timeout=LOCK_SECONDS):
            return False
        try:
            was_owed = path in self._owed
            self._owed[path] = action
            if after in self._owed or (was_owed and time.monotonic() - self._tried_at < RETRY_SECONDS):
                return False
            return self._try(path)
        finally:
            self._lock.release()

    def retry(self, *, at_once: bool = False) -> None:
        """Try what is owed again, if that is due. Raises RunLost, also where nothing is owed."""
        self.heed()
        if self._owed and (at_once or time.monotonic() - self._tried_at >= RETRY_SECONDS):
            with self._lock:
                for path in tuple(self._owed):
                    self._try(path)

    def settle(self, seconds: float, is_asked_to_stop: Callable[[], object] = bool) -> str:
        """Try for so long to write all that is owed. Returns what is not written, and why. Raises RunLost."""
        deadline = time.monotonic() + seconds
        self.retry(at_once=True)
        if self._owed and seconds > STOP_SECONDS:
            self.say(f"{self.complaint}: this is tried for {seconds:.0f} seconds more")
        while self._owed and time.monotonic() < deadline and not is_asked_to_stop():
            time.sleep(LOOK_SECONDS)
            self.retry()
        return self.complaint

    @property
    def complaint(self) -> str:
        """What is owed, and why, as a clause; empty if nothing is."""
        if not self._owed:
            return ""
        names = listed(path.name for path in self._owed)
        return f"{names} in {next(iter(self._owed)).parent} cannot be written: {next(iter(self._why.values()))}"

    def _try(self, path: Path) -> bool:
        try:
            self._owed[path]()
        except OSError as error:
            with contextlib.suppress(OSError):
                self.fence()  # a run that was removed, or taken over, is owed nothing
            self._tried_at = time.monotonic()
            self._why[path] = error.strerror or str(error)
            self._tell_of_fault(path)
            return False
        self._owed.pop(path, None)
        self._why.pop(path, None)
        if self._has_told and not self._owed:
            self._has_told = False
            self.say("all that could not be written is written now")
        return True

    def _tell_of_fault(self, path: Path) -> None:
        if not self._has_told:
            self._has_told = True
            self.say(f"{path} cannot be written: {self._why[path]}; the training goes on, and this is tried again")


def must_settle(disk: Disk) -> None:
    """Write all that is owed, or try for as long as there is patience.

    Raises StillOwed; signals.Stop where a stop is asked for meanwhile.
    """
    left = disk.settle(patience(), lambda: signals.INBOX.pending)
    if left and signals.INBOX.pending:
        raise signals.Stop(signals.INBOX.pending)
    if left:
        raise StillOwed(
            f"{left}. The training was over, and this was tried for {patience():.0f} seconds: "
            "make room, and go on with --resume"
        )
