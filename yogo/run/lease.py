"""Who holds a run: one job and one process at a time, written in its folder `lease/`.

Two fences. A launch's token is claimed once, by one job: should a submission that seemed lost have been
queued twice, the second job finds the token taken and ends. And the process that trains holds the run
while it lives, and shows that it does: a second one ends with a sentence, unless the holder is provably gone.

On the machine of the holder, the machine knows whether it lives. From anywhere else it is gone once it has
shown no sign of life for a while, whatever the scheduler says: a node that is called down may still train.
And should one that was taken for gone wake up, it looks before it writes, finds the run taken, and ends:

    holder: write a .part file; look whether the run is still its own; give the file its place
    taker:  write holder.json; remove all .part files; read the run, and train

A holder that is stopped between its look and its last step finds its .part file gone.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import Field, ValidationError

from yogo.errors import RunError
from yogo.run.atomic import remove_torn, write_atomically
from yogo.run.directory import RunDirectory
from yogo.run.holder import (
    HEARTBEAT_SECONDS,
    SILENT_SECONDS,
    Heartbeat,
    Holder,
    Silence,
    heartbeat_seconds,
    is_over,
    job,
    silent_seconds,
    this_process,
)
from yogo.run.record import Record, now
from yogo.wording import counted

__all__ = [
    "HEARTBEAT_SECONDS",
    "SILENT_SECONDS",
    "Claim",
    "Heartbeat",
    "Holder",
    "Lease",
    "RunLost",
    "Terms",
    "claim",
    "hold",
    "job",
]

LOOK_SECONDS = 1.0
"""How often someone who waits for a holder looks for a sign of life."""

SAY_SECONDS = 600.0
"""How often it says that it still waits."""


class RunLost(RunError):
    """This process no longer holds the run that it trains: it writes nothing more."""


class Claim(Record):
    """lease/token-<token>: the one job that a launch became."""

    job_id: str
    cluster: str = ""
    at: datetime = Field(default_factory=now)


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a run may be taken over from a holder on another host."""

    tell: Callable[[str], None] = print
    ask: Callable[[str], bool] | None = None
    """Asks a person; None where there is nobody to ask."""

    take_over: bool = False
    """It was asked for already. Nothing takes a run from a holder that shows signs of life."""


def claim(run: RunDirectory, token: str) -> None:
    """Claim a launch's token for the job that this process is in. Raises RunError when another job has it.

    The same job may claim it again: so does one that was requeued.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", token):
        raise RunError(f"{token!r} is no launch token")
    job_id, cluster = job()
    path = run.lease / f"token-{token}"
    # Looked for first: a job that comes back to a full disk need not write what stands there.
    if not path.exists() and _create(path, Claim(job_id=job_id, cluster=cluster)):
        return
    other = Claim.read(path)
    if (other.job_id, other.cluster) != (job_id, cluster):
        this = f"job {job_id}" if job_id else "this shell"
        raise RunError(
            f"{run.name} was launched once and job {other.job_id or '?'} is it; {this} has nothing to do. "
            f"To go on with it once it has stopped: yogo-tui resume {run.name}"
        )


class Lease:
    """This process's hold on a run. Made by `hold`; a thread shows that the holder lives."""

    def __init__(self, run: RunDirectory, mine: Holder, notice: str = "") -> None:
        self.run = run
        self.mine = mine
        self.notice = notice
        """What is to be said of the one that it was taken over from."""

        self._lost = ""
        self._is_over = threading.Event()
        self._count = _last_count(run)
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._heart.start()

    def check(self) -> None:
        """Look whether this process holds the run. Raises RunLost; OSError where the disk does not tell."""
        self.heed()
        found = _found(self.run)
        if found != self.mine:
            self._lost = self._sentence(found)
        self.heed()

    def heed(self) -> None:
        """As `check`, by what was seen last; the heart looks too."""
        if self._lost:
            raise RunLost(self._lost)

    def close(self) -> None:
        """Let the run go, if it still is this process's."""
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
                # A full disk still takes a file's time; on one that is away nobody else can train either.
                with contextlib.suppress(OSError):
                    os.utime(self.run.heartbeat)
            if self._is_over.wait(heartbeat_seconds()):
                return

    def _show(self) -> None:
        self._count += 1
        Heartbeat(count=self._count).write(self.run.heartbeat, fence=self.check)


@contextlib.contextmanager
def hold(run: RunDirectory, terms: Terms | None = None) -> Iterator[Lease]:
    """Hold a run while the block lasts.

    Waits for a holder on another host to fall silent, if it may be gone. Raises RunError naming the holder, if
    another process trains this run or may do so.
    """
    lease = take(run, terms)
    try:
        yield lease
    finally:
        lease.close()


def take(run: RunDirectory, terms: Terms | None = None) -> Lease:
    """As `hold`, to be closed by the caller."""
    mine = this_process()
    notice = ""
    while not _create(run.holder, mine):
        try:
            other = Holder.read(run.holder)
        except FileNotFoundError:
            continue
        if _is_gone(run, other, terms or Terms()):
            notice = f"took over from {other}, which is gone"
            _set_aside(run.holder, other)
    # Whoever held it before can give no file its place any more.
    remove_torn(run.best, run.last, run.data, run.manifest, run.metrics, run.result, run.heartbeat)
    return Lease(run, mine, notice)


def hand_over(run: RunDirectory, giver: Holder) -> Lease:
    """This process's lease, in place of `giver`'s, which started it. Raises RunLost where that one lost the run."""
    mine = this_process()

    def is_still_held() -> None:
        if _found(run) != giver:
            raise RunLost(f"{run.path} is held by another process by now: this one ends, and writes nothing")

    mine.write(run.holder, fence=is_still_held)
    return Lease(run, mine)


def _is_gone(run: RunDirectory, other: Holder, terms: Terms) -> bool:
    """Whether `other` is gone; False where it has let go meanwhile. Raises RunError where it is not, or may not be."""
    if other.is_here and other.lives_here:
        if not other.is_of_an_earlier_start:
            raise _refusal(run, other)
        return _ends_here(run, other, terms)
    # A host that was started anew has forgotten the process; but two hosts may have one name.
    if other.is_here and (other.was_of_this_boot or not _beat_lately(run)):
        return True
    if not other.is_of_this_job and not terms.take_over and is_over(other) is False:
        raise _refusal(run, other)
    return _falls_silent(run, other, terms) and _may_be_taken(run, other, terms)


def _ends_here(run: RunDirectory, other: Holder, terms: Terms) -> bool:
    """Wait until a holder on this host has ended; False where it let go."""
    terms.tell(f"{run.path} is held by {other}: this process waits until that one has ended")
    while other.lives_here:
        time.sleep(LOOK_SECONDS)
        if _found(run) != other:
            return False
    return True


def _falls_silent(run: RunDirectory, other: Holder, terms: Terms) -> bool:
    """Wait until a holder on another host has shown no sign of life for long enough; False where it let go."""
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
    """True, as far as somebody says that a silent holder is gone: Slurm, or a person. Raises RunError otherwise."""
    if other.is_of_this_job or terms.take_over or is_over(other):
        return True
    silence = counted(round(silent_seconds()), "second")
    facts = f"{run.path} is held by {other}, which has shown no sign of life for {silence}"
    if terms.ask and terms.ask(f"{facts}. Nothing says that it has ended, but should it wake up it will stop."):
        return True
    raise RunError(f"{facts}, but nothing says that it has ended: make sure of that, and say --take-over")


def _refusal(run: RunDirectory, other: Holder) -> RunError:
    return RunError(f"{run.path} is being trained by {other}: cancel that one, or choose another name")


def _beat_lately(run: RunDirectory) -> bool:
    """Whether the holder showed a sign of life just before this process wrote into the folder, by the disk's clock."""
    try:
        return run.lease.stat().st_mtime - run.heartbeat.stat().st_mtime < silent_seconds()
    except OSError:
        return False


def _found(run: RunDirectory) -> Holder | None:
    """Who holds the run, as the disk has it now; None for nobody, or a file that is not ours. Raises OSError."""
    for pause in (0.0, 0.1, 0.3, 0.6, 1.0):  # who sets a dead holder's file aside may have taken a living one's
        time.sleep(pause)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.listdir(run.lease)  # over NFS, what a folder holds is asked for anew when it is opened
            data = run.holder.read_bytes()
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
    """Write a file that must not be there yet, whole or not at all; False if it is there."""
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
    """Remove a holder's file, and no other: somebody may have taken the run over since it was read."""
    aside = path.with_name(f".gone.{socket.gethostname()}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        if Holder.read(path) != gone:
            return
        os.rename(path, aside)
        if Holder.read(aside) != gone:
            with contextlib.suppress(FileExistsError):
                os.link(aside, path)
        aside.unlink()
