"""Who holds a run: one job and one process at a time, written in its folder `lease/`.

Two fences. A launch's token is claimed once, by one job: should a submission that seemed lost have been
queued twice, the second job finds the token taken and ends. And the process that trains holds the run
while it lives: a second one ends with a sentence, unless the holder is provably gone.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pydantic import Field

from yogo.errors import RunError
from yogo.run.atomic import write_atomically
from yogo.run.directory import RunDirectory
from yogo.run.record import Record, now

HEARTBEAT_SECONDS = 15.0
"""How often the holder of a run shows that it lives."""

SILENT_SECONDS = 120.0
"""Whoever has shown no sign of life for so long is gone: neither heartbeat.json nor events.jsonl has changed.

The one who waits measures it by its own clock, as the clocks of two hosts may differ.
"""


class Claim(Record):
    """lease/token-<token>: the one job that a launch became."""

    job_id: str
    cluster: str = ""
    at: datetime = Field(default_factory=now)


class Holder(Record):
    """lease/holder.json: the process that trains."""

    host: str
    boot_id: str
    pid: int
    process_started: str
    """The process's start time in clock ticks since boot (proc(5), field 22): a pid may be given again."""

    job_id: str = ""
    cluster: str = ""
    user: int = Field(default_factory=os.getuid)
    since: datetime = Field(default_factory=now)

    def __str__(self) -> str:
        job = f"job {self.job_id}, " if self.job_id else ""
        return f"{job}process {self.pid} on {self.host}, since {self.since:%Y-%m-%d %H:%M} UTC"


class Heartbeat(Record):
    """lease/heartbeat.json: that the holder lives. It is replaced every HEARTBEAT_SECONDS."""

    count: int = 0
    at: datetime = Field(default_factory=now)


def job() -> tuple[str, str]:
    """The id and the cluster of the job that this process is in; empty outside of one."""
    return os.environ.get("SLURM_JOB_ID", ""), os.environ.get("SLURM_CLUSTER_NAME", "")


def claim(run: RunDirectory, token: str) -> None:
    """Claim a launch's token for the job that this process is in. Raises RunError when another job has it.

    The same job may claim it again: so does one that was requeued.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", token):
        raise RunError(f"{token!r} is no launch token")
    job_id, cluster = job()
    path = run.lease / f"token-{token}"
    mine = Claim(job_id=job_id, cluster=cluster)
    if _create(path, mine):
        return
    other = Claim.read(path)
    if (other.job_id, other.cluster) != (job_id, cluster):
        raise RunError(
            f"{run.name} was launched once and job {other.job_id} is it; job {job_id or '?'} has nothing to do"
        )


@contextlib.contextmanager
def hold(run: RunDirectory) -> Iterator[str]:
    """Hold a run while the block lasts; yields a notice, if it was taken over from one who is gone.

    Raises RunError naming the holder, if another process trains this run or may do so.
    """
    mine = _this_process()
    path = run.holder
    notice = ""
    while not _create(path, mine):
        try:
            other = Holder.read(path)
        except FileNotFoundError:
            continue
        if not _is_gone(other):
            raise RunError(f"{run.path} is being trained by {other}: cancel that one, or choose another name")
        notice = f"took over from {other}, which is gone"
        _set_aside(path, other)
    try:
        yield notice
    finally:
        with contextlib.suppress(FileNotFoundError, RunError):
            if Holder.read(path) == mine:
                path.unlink()


def holder(run: RunDirectory) -> Holder | None:
    """Who holds the run now, as far as this machine can tell; None if nobody does."""
    try:
        found = Holder.read(run.holder)
    except (FileNotFoundError, RunError):
        return None
    return None if _is_gone(found) else found


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
    """Remove a dead holder's file, and no other: somebody may have taken the run over since it was read."""
    aside = path.with_name(f".gone.{socket.gethostname()}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        os.rename(path, aside)
        if Holder.read(aside) != gone:
            with contextlib.suppress(FileExistsError):
                os.link(aside, path)
        aside.unlink()


def _this_process() -> Holder:
    job_id, cluster = job()
    pid = os.getpid()
    return Holder(
        host=socket.gethostname(),
        boot_id=_boot_id(),
        pid=pid,
        process_started=_process_started(pid),
        job_id=job_id,
        cluster=cluster,
    )


def _is_gone(other: Holder) -> bool:
    job_id, cluster = job()
    if other.host == socket.gethostname():
        return other.boot_id != _boot_id() or _process_started(other.pid) != other.process_started
    if other.job_id and (other.job_id, other.cluster) == (job_id, cluster):
        return True  # Slurm starts a requeued job on another node only once the first start has ended.
    may_ask = other.job_id and other.cluster == cluster != "local" and other.user == os.getuid()
    return bool(may_ask) and _slurm_says_over(other.job_id)


def _slurm_says_over(job_id: str) -> bool:
    """Whether Slurm answers, and this job, of this user, is not among those that wait or run."""
    squeue = shutil.which("squeue")
    if squeue is None:
        return False
    swayed = ("SQUEUE_", "SLURM_CLUSTERS")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(swayed)}
    try:
        answer = subprocess.run(
            [squeue, "--me", "--noheader", "--format=%A"],
            capture_output=True,
            text=True,
            timeout=30,
            env=environment,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return job_id not in answer.stdout.split()


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _process_started(pid: int) -> str:
    """Field 22 of /proc/PID/stat, counted after the name, which may hold blanks; empty if there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]
