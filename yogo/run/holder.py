"""The process that trains a run, as `lease/` names it, and whether it is still alive."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from datetime import datetime
from pathlib import Path

from pydantic import Field

from yogo.files.foreign import opened
from yogo.run.directory import RunDirectory
from yogo.run.job import LOCAL, JobIdentity, has_ended
from yogo.run.process import boot_id, pid_namespace, start_ticks
from yogo.run.record import Record, now

HEARTBEAT_SECONDS = 15.0
"""How often the holder of a run writes a heartbeat."""

SILENT_SECONDS = 120.0
"""A holder without a sign of life for this long counts as dead: neither heartbeat.json nor events.jsonl has changed.

The waiting process measures it by its own clock, because the clocks of two hosts may differ. YOGO_SILENT_SECONDS
overrides it, for file systems that are slow to show what another host wrote; the heartbeat keeps the same ratio.
"""


class Holder(Record):
    """lease/holder.json: the process that trains."""

    host: str
    boot_id: str
    pid: int
    process_started: str
    """The process's start time in clock ticks since boot (proc(5), field 22): a pid may be reused."""

    pid_namespace: str = ""
    """The pid namespace: containers on one host number their processes separately. Empty if it is not known."""

    job_id: str = ""
    cluster: str = ""
    restarts: int = 0
    """How often its job was started before."""

    user: int = Field(default_factory=os.getuid)
    since: datetime = Field(default_factory=now)

    def __str__(self) -> str:
        job = f"job {self.job_id}, " if self.job_id else ""
        return f"{job}process {self.pid} on {self.host}, since {self.since:%Y-%m-%d %H:%M} UTC"

    @property
    def is_here(self) -> bool:
        """Whether it ran on this machine, which then knows whether it is alive."""
        return self.host == socket.gethostname() and self.pid_namespace in ("", pid_namespace())

    def is_on(self, cluster: str) -> bool:
        """Whether it trains in a job of that cluster, as seen from this machine: "local" differs between machines."""
        if not self.job_id or self.cluster != cluster:
            return False
        return cluster != LOCAL or self.host == socket.gethostname()

    @property
    def was_of_this_boot(self) -> bool:
        return self.boot_id == boot_id()

    @property
    def lives_here(self) -> bool:
        return self.was_of_this_boot and _started(self.pid) == self.process_started

    @property
    def is_of_this_job(self) -> bool:
        job = JobIdentity.from_environment()
        return bool(self.job_id) and (self.job_id, self.cluster) == (job.id, job.cluster)

    @property
    def is_of_an_earlier_start(self) -> bool:
        """Whether it belongs to this process's job, which the scheduler restarted, rightly or not."""
        return self.is_of_this_job and self.restarts < JobIdentity.from_environment().restarts


class Heartbeat(Record):
    """lease/heartbeat.json shows that the holder is alive. It is replaced every HEARTBEAT_SECONDS."""

    count: int = 0
    at: datetime = Field(default_factory=now)


def silent_seconds() -> float:
    with contextlib.suppress(ValueError):
        return max(0.1, float(os.environ.get("YOGO_SILENT_SECONDS", "")))
    return SILENT_SECONDS


def heartbeat_seconds() -> float:
    return silent_seconds() * HEARTBEAT_SECONDS / SILENT_SECONDS


def this_process() -> Holder:
    job = JobIdentity.from_environment()
    pid = os.getpid()
    return Holder(
        host=socket.gethostname(),
        boot_id=boot_id(),
        pid=pid,
        process_started=_started(pid),
        pid_namespace=pid_namespace(),
        job_id=job.id,
        cluster=job.cluster,
        restarts=job.restarts,
    )


class Silence:
    """For how long the holder of a run has shown no sign of life, by this process's own clock."""

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self._signs = self._look()
        self._since = time.monotonic()
        self.was_broken = False
        """Whether a sign of life came since this was made."""

    def seconds(self) -> float:
        """Looks again. A file that cannot be looked at counts as unchanged."""
        signs = self._look()
        if signs != self._signs:
            self._signs, self._since, self.was_broken = signs, time.monotonic(), True
        return time.monotonic() - self._since

    def _look(self) -> tuple[object, ...]:
        return tuple(_state(path) for path in (self._run.heartbeat, self._run.events))


def _state(path: Path) -> tuple[int, ...] | None:
    # NFS may cache a file's status for a minute; opening the file and its folder refreshes it.
    try:
        os.listdir(path.parent)
        with opened(path) as file:
            found = os.fstat(file.fileno())
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def is_over(holder: Holder) -> bool | None:
    """Whether the scheduler says that the holder's job has ended; None where it cannot be asked."""
    return has_ended(holder.job_id, holder.cluster) if holder.user == os.getuid() else None


def _started(pid: int) -> str:
    """When that process started; empty if there is no such process."""
    ticks = start_ticks(pid)
    return "" if ticks is None else str(ticks)
