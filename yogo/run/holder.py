"""The process that trains a run, as `lease/` names it, and whether it still lives."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from datetime import datetime
from pathlib import Path

from pydantic import Field

from yogo.foreign import opened
from yogo.run.directory import RunDirectory
from yogo.run.launch import LOCAL
from yogo.run.record import Record, now

HEARTBEAT_SECONDS = 15.0
"""How often the holder of a run shows that it lives."""

SILENT_SECONDS = 120.0
"""Whoever has shown no sign of life for so long is gone: neither heartbeat.json nor events.jsonl has changed.

The one who waits measures it by its own clock, as the clocks of two hosts may differ. YOGO_SILENT_SECONDS sets
another time, for a site whose file system is slow to show what another host wrote; the heartbeat keeps the ratio.
"""


class Holder(Record):
    """lease/holder.json: the process that trains."""

    host: str
    boot_id: str
    pid: int
    process_started: str
    """The process's start time in clock ticks since boot (proc(5), field 22): a pid may be given again."""

    pid_namespace: str = ""
    """Containers on one host count their processes apart; empty where it is not known."""

    job_id: str = ""
    cluster: str = ""
    restarts: int = 0
    """How often its job had been started before."""

    user: int = Field(default_factory=os.getuid)
    since: datetime = Field(default_factory=now)

    def __str__(self) -> str:
        job = f"job {self.job_id}, " if self.job_id else ""
        return f"{job}process {self.pid} on {self.host}, since {self.since:%Y-%m-%d %H:%M} UTC"

    @property
    def is_here(self) -> bool:
        """Whether it ran on this machine, so that the machine itself knows whether it lives."""
        return self.host == socket.gethostname() and self.pid_namespace in ("", _pid_namespace())

    def is_on(self, cluster: str) -> bool:
        """Whether it trains in a job of that cluster, as seen from this machine: "local" is another one on each."""
        if not self.job_id or self.cluster != cluster:
            return False
        return cluster != LOCAL or self.host == socket.gethostname()

    @property
    def was_of_this_boot(self) -> bool:
        return self.boot_id == _boot_id()

    @property
    def lives_here(self) -> bool:
        return self.was_of_this_boot and _process_started(self.pid) == self.process_started

    @property
    def is_of_this_job(self) -> bool:
        return bool(self.job_id) and (self.job_id, self.cluster) == job()

    @property
    def is_of_an_earlier_start(self) -> bool:
        """Of this process's job: the scheduler took it for gone, rightly or not."""
        return self.is_of_this_job and self.restarts < _restarts()


class Heartbeat(Record):
    """lease/heartbeat.json: that the holder lives. It is replaced every HEARTBEAT_SECONDS."""

    count: int = 0
    at: datetime = Field(default_factory=now)


def silent_seconds() -> float:
    with contextlib.suppress(ValueError):
        return max(0.1, float(os.environ.get("YOGO_SILENT_SECONDS", "")))
    return SILENT_SECONDS


def heartbeat_seconds() -> float:
    return silent_seconds() * HEARTBEAT_SECONDS / SILENT_SECONDS


def job() -> tuple[str, str]:
    """The id and the cluster of the job that this process is in; empty outside of one."""
    return os.environ.get("SLURM_JOB_ID", ""), os.environ.get("SLURM_CLUSTER_NAME", "")


def _restarts() -> int:
    with contextlib.suppress(ValueError):
        return int(os.environ.get("SLURM_RESTART_COUNT", ""))
    return 0


def this_process() -> Holder:
    job_id, cluster = job()
    pid = os.getpid()
    return Holder(
        host=socket.gethostname(),
        boot_id=_boot_id(),
        pid=pid,
        process_started=_process_started(pid),
        pid_namespace=_pid_namespace(),
        job_id=job_id,
        cluster=cluster,
        restarts=_restarts(),
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
        """Looks again. A file that cannot be looked at is one that did not change."""
        signs = self._look()
        if signs != self._signs:
            self._signs, self._since, self.was_broken = signs, time.monotonic(), True
        return time.monotonic() - self._since

    def _look(self) -> tuple[object, ...]:
        return tuple(_state(path) for path in (self._run.heartbeat, self._run.events))


def _state(path: Path) -> tuple[int, ...] | None:
    # Over NFS a file's state may be remembered for a minute; it is asked for anew when file and folder are opened.
    try:
        os.listdir(path.parent)
        with opened(path) as file:
            found = os.fstat(file.fileno())
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def is_over(holder: Holder) -> bool | None:
    """Whether Slurm says that the holder's job has ended; None where it cannot be asked."""
    if not holder.job_id or holder.cluster == "local" or holder.user != os.getuid():
        return None
    if (job()[1] or _cluster_here()) != holder.cluster:
        return None
    queue = _ask("squeue", "--me", "--noheader", "--format=%A")
    return None if queue is None else holder.job_id not in queue.split()


def _cluster_here() -> str:
    """The name of the cluster that this login shell belongs to; empty where there is none."""
    for line in (_ask("scontrol", "show", "config") or "").splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "ClusterName":
            return value.strip()
    return ""


def _ask(program: str, *arguments: str) -> str | None:
    """What one of Slurm's programs answers; None where it does not."""
    path = shutil.which(program)
    if path is None:
        return None
    swayed = ("SQUEUE_", "SLURM_CLUSTERS")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(swayed)}
    try:
        answer = subprocess.run(
            [path, *arguments], capture_output=True, text=True, timeout=30, env=environment, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _pid_namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
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
