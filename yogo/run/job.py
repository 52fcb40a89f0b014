"""Which job this process is in, and whether another job has ended: the one reader of what a scheduler says of jobs.

Slurm tells it in SLURM_*, and the cluster of this machine does the same. The script templates of another scheduler
set YOGO_JOB_ID, YOGO_JOB_CLUSTER and YOGO_JOB_RESTARTS, which come first.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

LOCAL = "local"
"""The cluster that is one machine."""


@dataclass(frozen=True, slots=True)
class JobIdentity:
    """The job that a process is in; outside of a job its `id` is empty."""

    id: str = ""
    """That of a task of an array is as the queue shows it, such as 7_2."""

    cluster: str = ""
    restarts: int = 0
    """How often the job had been started before."""

    step: int = 0
    """The number of the step within the job."""

    has_log: bool = False
    """Whether its scheduler writes what it prints to a file, as for a script and unlike for `salloc` and `srun`."""

    @property
    def number(self) -> int:
        """The digits of the id, for what must differ between jobs, such as a port; 0 outside of a job."""
        return _whole("".join(sign for sign in self.id if sign.isdecimal()))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> JobIdentity:
        """As the scheduler set it; a number that cannot be read is 0."""
        if environment.get("YOGO_JOB_ID"):
            return cls(
                id=environment["YOGO_JOB_ID"],
                cluster=environment.get("YOGO_JOB_CLUSTER", ""),
                restarts=_whole(environment.get("YOGO_JOB_RESTARTS", "")),
                has_log=True,
            )
        array, task = environment.get("SLURM_ARRAY_JOB_ID"), environment.get("SLURM_ARRAY_TASK_ID")
        return cls(
            id=f"{array}_{task}" if array and task else environment.get("SLURM_JOB_ID", ""),
            cluster=environment.get("SLURM_CLUSTER_NAME", ""),
            restarts=_whole(environment.get("SLURM_RESTART_COUNT", "")),
            step=_whole(environment.get("SLURM_STEP_ID", "")),
            has_log="SLURM_JOB_ID" in environment and environment.get("ENVIRONMENT") == "BATCH",
        )


def cpus_of_job(environment: Mapping[str, str] = os.environ) -> int:
    """CPUs that this node gives to the job, or to its step, together; 0 where nothing says so."""
    return _whole(environment.get("SLURM_CPUS_ON_NODE", ""))


def _whole(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else 0


def has_ended(job_id: str, cluster: str) -> bool | None:
    """Whether the scheduler says that a job of this user has ended; None where it cannot be asked."""
    if not job_id or cluster == LOCAL:
        return None
    if (JobIdentity.from_environment().cluster or _cluster_here()) != cluster:
        return None
    # A task of an array has two ids: as the queue shows it, and that of a job by itself.
    queue = _ask("squeue", "--me", "--array", "--noheader", "--format=%i %A")
    return None if queue is None else job_id not in queue.split()


def _cluster_here() -> str:
    """The name of the cluster that this login shell belongs to; empty where there is none."""
    for line in (_ask("scontrol", "show", "config") or "").splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "ClusterName":
            return value.strip()
    return ""


def _ask(program: str, *arguments: str) -> str | None:
    """The output of one of Slurm's programs; None if it does not answer."""
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
