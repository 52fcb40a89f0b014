"""The lease of a run: one job and one process at a time hold it, as recorded in its folder `lease/`.

There are two fences. A launch's token is claimed once, by one job: if a submission that seemed lost was
queued twice, the second job finds the token taken and ends. And the process that trains holds the run
while it is alive, and writes a heartbeat: a second process ends with a message, unless the holder is known to be dead.

On the holder's machine, the system knows whether it is alive. Seen from elsewhere, it counts as dead once it has
shown no sign of life for a while, whatever the scheduler says: a node that is reported down may still train.
If a holder that was taken for dead wakes up, it checks before it writes, finds the run taken, and ends:

    holder: write a .part file; check that it still holds the run; move the file into place
    taker:  write holder.json; remove all .part files; read the run, and train

A holder that is paused between its check and the move finds its .part file removed.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import Field, ValidationError

from yogo.errors import RunError
from yogo.files.atomic import remove_torn, write_atomically
from yogo.files.foreign import opened
from yogo.run.directory import RunDirectory
from yogo.run.holder import (
    Heartbeat,
    Holder,
    Silence,
    heartbeat_seconds,
    is_over,
    silent_seconds,
    this_process,
)
from yogo.run.job import JobIdentity
from yogo.run.record import Record, now
from yogo.text.wording import counted

LOOK_SECONDS = 1.0
"""How often a waiting process looks for a sign of life."""

SAY_SECONDS = 600.0
"""How often it reports that it still waits."""


class RunLost(RunError):
    """This process no longer holds the run that it trains, and writes nothing more."""


class Claim(Record):
    """lease/token-<token>: the one job that runs a launch."""

    job_id: str
    cluster: str = ""
    at: datetime = Field(default_factory=now)


@dataclass(frozen=True, slots=True)
class Terms:
    """The conditions for taking over a run from a holder on another host."""

    tell: Callable[[str], None] = print
    ask: Callable[[str], bool] | None = None
    """Asks a person; None if there is nobody to ask."""

    take_over: bool = False
    """Whether taking over was requested. A run is never taken from a holder that shows signs of life."""


def claim(run: RunDirectory, token: str) -> None:
    """Claim a launch's token for the job that this process is in. Raises RunError if another job has it.

    The same job may claim it again, as a requeued job does.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", token):
        raise RunError(f"{token!r} is not a launch token")
    job = JobIdentity.from_environment()
    path = run.claim(token)
    # Look for it first: a job that restarts on a full disk does not have to write it again.
    if not path.exists() and _create(path, Claim(job_id=job.id, cluster=job.cluster)):
        return
    other = Claim.read(path)
    if (other.job_id, other.cluster) != (job.id, job.cluster):
        this = f"job {job.id}" if job.id else "this shell"
        raise RunError(
            f"{run.name} was launched once, as job {other.job_id or '?'}; {this} has nothing to do. "
            f"To resume it once it has stopped: yogo-tui resume {run.name}"
        )


class Lease:
    """This process's lease on a run, made by `take`; a thread writes the heartbeat."""

    def __init__(self, run: RunDirectory, mine: Holder, notice: str = "") -> None:
        self.run = run
        self.mine = mine
        self.notice = notice
        """A notice about the holder that it was taken over from."""

        self._lost = ""
        self._is_over = threading.Event()
        self._count = _last_count(run)
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._heart.start()

    def check(self) -> None:
        """Check that this process holds the run. Raises RunLost; OSError if the disk cannot be read."""
        self.heed()
        found = _found(self.run)
        if found != self.mine:
            self._lost = self._sentence(found)
        self.heed()

    def heed(self) -> None:
        """Like `check`, by the last known state; the heartbeat thread checks too."""
        if self._lost:
            raise RunLost(self._lost)

    def close(self) -> None:
        """Release the run, if this process still holds it."""
        self._is_over.set()
        self._heart.join(timeout=5.0)
        with contextlib.suppress(OSError, RunError):
            _set_aside(self.run.holder, self.mine)

    def _sentence(self, found: Holder | None) -> str:
        if found is not None:
            return f"{self.run.path} was taken over by {found}: this process ends, and writes nothing more"
        places = (self.run.path, self.run.lease, self.run.holder)
        what = next((place for place in places if not place.exists()), self.run.holder)
        return f"{what} was removed while the run was trained: it ends, and writes nothing more"

    def _beat(self) -> None:
        while True:
            try:
                self.check()
                self._show()
            except RunLost:
                return
            except OSError:
                # A full disk still updates a file's time; on a disk that is unreachable nobody else can train either.
                with contextlib.suppress(OSError):
                    os.utime(self.run.heartbeat)
            if self._is_over.wait(heartbeat_seconds()):
                return

    def _show(self) -> None:
        self._count += 1
        Heartbeat(count=self._count).write(self.run.heartbeat, fence=self.check)


def take(run: RunDirectory, terms: Terms | None = None) -> Lease:
    """Hold a run until the lease is closed.

    If a holder on another host may be dead, it waits until that one has been silent for long enough. Raises RunError,
    naming the holder, if another process trains this run or may do so.
    """
    mine = this_process()
    notice = ""
    while not _create(run.holder, mine):
        try:
            other = Holder.read(run.holder)
        except FileNotFoundError:
            continue
        if _is_gone(run, other, terms or Terms()):
            notice = f"took over from {other}, which is dead"
            _set_aside(run.holder, other)
    # From now on the previous holder cannot move any file into place.
    remove_torn(run.best, run.last, run.data, run.manifest, run.result, run.heartbeat)
    remove_torn(run.metrics, run.image_results, run.worst)
    return Lease(run, mine, notice)


def hand_over(run: RunDirectory, giver: Holder) -> Lease:
    """This process's lease, handed over by `giver`, which started it. Raises RunLost if `giver` lost the run."""
    mine = this_process()

    def is_still_held() -> None:
        if _found(run) != giver:
            raise RunLost(f"{run.path} is now held by another process: this one ends, and writes nothing")

    mine.write(run.holder, fence=is_still_held)
    return Lease(run, mine)


def _is_gone(run: RunDirectory, other: Holder, terms: Terms) -> bool:
    """Whether `other` is dead; False if it has released the run. Raises RunError if it is alive, or may be."""
    if other.is_here and other.lives_here:
        if not other.is_of_an_earlier_start:
            raise _refusal(run, other)
        return _ends_here(run, other, terms)
    # A restarted host has no such process; but two hosts may have the same name.
    if other.is_here and (other.was_of_this_boot or not _beat_lately(run)):
        return True
    if not other.is_of_this_job and not terms.take_over and is_over(other) is False:
        raise _refusal(run, other)
    return _falls_silent(run, other, terms) and _may_be_taken(run, other, terms)


def _ends_here(run: RunDirectory, other: Holder, terms: Terms) -> bool:
    """Wait until a holder on this host has ended; False if it released the run."""
    terms.tell(f"{run.path} is held by {other}: this process waits until that one has ended")
    while other.lives_here:
        time.sleep(LOOK_SECONDS)
        if _found(run) != other:
            return False
    return True


def _falls_silent(run: RunDirectory, other: Holder, terms: Terms) -> bool:
    """Wait until a holder on another host has shown no sign of life for long enough; False if it released the run."""
    silence, told_at, patience = Silence(run), -SAY_SECONDS, silent_seconds()
    while (seconds := silence.seconds()) < patience:
        if silence.was_broken and not other.is_of_this_job:
            raise _refusal(run, other)
        if time.monotonic() - told_at >= SAY_SECONDS:
            told_at = time.monotonic()
            terms.tell(
                f"{run.path} is held by {other}: this process waits until that one has ended, "
                f"or has shown no sign of life for {counted(round(patience), 'second')}"
            )
        time.sleep(min(LOOK_SECONDS, max(0.05, patience - seconds)))
        if _found(run) != other:
            return False
    return True


def _may_be_taken(run: RunDirectory, other: Holder, terms: Terms) -> bool:
    """True if Slurm or a person says that a silent holder is dead. Raises RunError otherwise."""
    if other.is_of_this_job or terms.take_over or is_over(other):
        return True
    silence = counted(round(silent_seconds()), "second")
    facts = f"{run.path} is held by {other}, which has shown no sign of life for {silence}"
    if terms.ask and terms.ask(f"{facts}. Nothing confirms that it has ended, but if it wakes up it will stop."):
        return True
    raise RunError(f"{facts}, but nothing confirms that it has ended: make sure of that, and add --take-over")


def _refusal(run: RunDirectory, other: Holder) -> RunError:
    return RunError(f"{run.path} is being trained by {other}: cancel that one, or choose another name")


def _beat_lately(run: RunDirectory) -> bool:
    """Whether the holder showed a sign of life just before this process wrote into the folder, by the disk's clock."""
    try:
        return run.lease.stat().st_mtime - run.heartbeat.stat().st_mtime < silent_seconds()
    except OSError:
        return False


def _found(run: RunDirectory) -> Holder | None:
    """The holder according to the disk; None for nobody, or a file that is not ours. Raises OSError."""
    for pause in (0.0, 0.1, 0.3, 0.6, 1.0):  # a process that removes a dead holder's file may have moved a live one's
        time.sleep(pause)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.listdir(run.lease)  # over NFS, opening a folder refreshes its contents
            with opened(run.holder) as file:
                data = file.read()
            break
    else:
        return None
    try:
        return Holder.model_validate_json(data)
    except ValidationError:
        return None


def _last_count(run: RunDirectory) -> int:
    with contextlib.suppress(OSError, RunError):
        return Heartbeat.read(run.heartbeat).count
    return 0


def _create(path: Path, record: Record) -> bool:
    """Write a file atomically that must not exist yet; False if it exists."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}")
    write_atomically(whole, record.model_dump_json() + "\n")
    try:
        os.link(whole, path)
    except FileExistsError:
        return False
    finally:
        whole.unlink()
    return True


def _set_aside(path: Path, gone: Holder) -> None:
    """Remove this holder's file and no other: somebody may have taken over the run since it was read."""
    aside = path.with_name(f".gone.{socket.gethostname()}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        if Holder.read(path) != gone:
            return
        os.rename(path, aside)
        if Holder.read(aside) != gone:
            with contextlib.suppress(FileExistsError):
                os.link(aside, path)
        aside.unlink()
