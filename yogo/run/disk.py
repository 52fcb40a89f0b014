"""Writes a run's files on a disk that may be full or unreachable for a while: training goes on, and they follow later.

Every file is replaced atomically, so the last good checkpoint stays in the meantime.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from yogo import signals
from yogo.errors import RunError
from yogo.files.atomic import Fence
from yogo.files.places import because
from yogo.run.job import JobIdentity
from yogo.text.wording import listed

T = TypeVar("T")

RETRY_SECONDS = 5.0
"""Seconds until a failed write is tried again."""

PATIENCE_SECONDS = 600.0
"""How long a run that has nothing else to do keeps trying to write; YOGO_DISK_PATIENCE overrides it."""

STOP_SECONDS = 10.0
"""The same for a run that was asked to stop, and is killed if it takes too long."""

LOOK_SECONDS = 0.2
LOCK_SECONDS = 2.0


def patiently(action: Callable[[], T], tell: Callable[[str], None]) -> T:
    """The result of `action`. In a job, which does not restart by itself, it waits for a disk that refuses writes.

    Raises OSError at once outside a job, and in a job when the time is up.
    """
    deadline, has_told = time.monotonic() + (patience() if JobIdentity.from_environment().id else 0.0), False
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
    """A run has finished, but its disk has refused its last files for too long."""


def patience() -> float:
    with contextlib.suppress(ValueError):
        return max(0.0, float(os.environ.get("YOGO_DISK_PATIENCE", "")))
    return PATIENCE_SECONDS


class Disk:
    """Writes the files of one run. Only the main process has one."""

    def __init__(
        self, fence: Fence = lambda: None, heed: Fence = lambda: None, say: Callable[[str], None] = print
    ) -> None:
        self.fence = fence
        """Raises RunLost if another process holds the run now: then nothing more is written."""

        self.heed = heed
        """Like `fence`, by the last known state, without reading the disk."""

        self.say = say
        self._owed: dict[Path, Callable[[], object]] = {}
        self._why: dict[Path, str] = {}
        self._tried_at = 0.0
        self._has_told = False
        self._lock = threading.RLock()
        """Another thread may record a stop while a disk that does not answer blocks this one."""

    def write(self, path: Path, action: Callable[[], object], *, after: Path | None = None) -> bool:
        """Whether `action` has written `path`; if not, it replaces the queued write to `path`, and is tried again.

        It is not tried until `after` is written. Raises RunLost.
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
        """Try the queued writes again, if that is due. Raises RunLost, also if nothing is queued."""
        self.heed()
        if self._owed and (at_once or time.monotonic() - self._tried_at >= RETRY_SECONDS):
            with self._lock:
                for path in tuple(self._owed):
                    self._try(path)

    def settle(self, seconds: float, is_asked_to_stop: Callable[[], object] = bool) -> str:
        """Try for `seconds` to write everything queued. Returns what is not written, and why. Raises RunLost."""
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
        """What is queued, and why, as a clause; empty if nothing is."""
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
            self._why[path] = because(error)
            if not self._has_told:
                self._has_told = True
                self.say(f"{path} cannot be written: {self._why[path]}; the training goes on, and this is tried again")
            return False
        self._owed.pop(path, None)
        self._why.pop(path, None)
        if self._has_told and not self._owed:
            self._has_told = False
            self.say("everything that could not be written before is written now")
        return True


def must_settle(disk: Disk) -> None:
    """Write everything that is queued, or keep trying until the time is up.

    Raises StillOwed; signals.Stop if a stop is requested in the meantime.
    """
    left = disk.settle(patience(), lambda: signals.STOP_REQUESTS.pending)
    if left and signals.STOP_REQUESTS.pending:
        raise signals.Stop(signals.STOP_REQUESTS.pending)
    if left:
        raise StillOwed(
            f"{left}. The training was over, and writing was tried for {patience():.0f} seconds: "
            "make room, and resume with --resume"
        )
