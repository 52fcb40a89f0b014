"""Who runs jobs: Slurm, or this machine alone. One protocol, one contract test suite."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import PurePosixPath
from typing import NewType, Protocol

JobId = NewType("JobId", str)

_TOKEN = re.compile(r"\byogo:([\w.-]+)")


class JobState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    """Ended with exit status 0, which is not yet success: that is the run's own receipt."""

    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def is_over(self) -> bool:
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Job:
    """One job, as the scheduler last described it."""

    id: JobId
    name: str
    state: JobState
    word: str = ""
    """The state in the scheduler's own word, such as COMPLETING."""

    reason: str = ""
    """Why it is not running, or how it ended, in the scheduler's own words."""

    token: str = ""
    """The launch's token, from the job's comment; empty for a job that the console did not start."""

    partition: str = ""
    num_gpus: int = 0
    nodes: str = ""
    submitted_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    time_limit_seconds: int | None = None
    exit_status: int | None = None
    log: PurePosixPath | None = None
    no_log: str = ""
    """A sentence: why it has no log, or none that can be found."""

    user: str = ""
    """Whose it is, where that is known."""

    is_mine: bool = True
    """Of the user who asks; other people's are only seen where their ids were asked for."""

    after: tuple[JobId, ...] = ()
    """The jobs it waits for."""

    is_stuck: bool = False
    """It waits for something that can no longer happen (a failed parent, a limit it exceeds)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """When a script would start."""

    no_later_than: datetime | None
    detail: str = ""
    """Why there is no time, in the scheduler's own words."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What the cluster has."""

    free_gpus: int
    total_gpus: int
    max_hours: float | None = None
    """The longest time that the partition gives; None where it has no limit."""

    detail: str = ""


class Cluster(Protocol):
    """Runs jobs. Knows nothing of runs, recipes, or how its host is reached.

    Every method raises ClusterError for a refusal, ClusterUnknown when no answer came or it could not be
    read, HostError when the host is out of reach.
    """

    @property
    def name(self) -> str:
        """The cluster's own name, part of a job's identity; "local" is this machine."""
        ...

    async def introduce(self) -> None:
        """Learn the cluster's own name, if it is not known yet: before anything is written down under it."""
        ...

    async def notice(self) -> str:
        """A sentence on what a person who submits here should know; empty where there is nothing."""
        ...

    async def submit(self, script: PurePosixPath, *, after: JobId | None = None) -> JobId:
        """Queue a script that lies on the host; `after` must end well (afterok) before it starts."""
        ...

    async def jobs(self, ids: Sequence[JobId] = ()) -> tuple[Job, ...]:
        """All of the user's jobs in the queue, and those of `ids` that have left it, as far as is known."""
        ...

    @property
    def unanswered(self) -> frozenset[JobId]:
        """Of the ids that `jobs` was last asked for, those of whose end nothing could be learnt, as who remembers it
        did not answer: not the same as an answer that knows of no such job."""
        ...

    async def find(self, name: str) -> tuple[Job, ...]:
        """The user's jobs of this name, queued or past: how an unknown submission is resolved."""
        ...

    async def cancel(self, ids: Sequence[JobId]) -> None: ...

    async def estimate(self, script: PurePosixPath) -> Estimate: ...

    async def resources(self, partition: str) -> Resources: ...


@dataclass(frozen=True, slots=True)
class Queue:
    """The jobs as last seen, and why that may be out of date."""

    jobs: tuple[Job, ...] = ()
    seen_at: datetime | None = None
    stale: str = ""
    """Why the last look failed; empty when it did not."""

    unanswered: frozenset[JobId] = frozenset()
    """Jobs that have left the queue, and whose end is not known as accounting did not answer."""


def whole_of(job_id: JobId) -> JobId:
    """The id under which all of it is cancelled: of the rest of an array ("8_[2-3%2]") or a part of a heterogeneous
    job ("123+0") it is that of the whole, as Slurm's commands do not read the others as they are shown."""
    array, is_part, index = job_id.partition("_")
    return JobId(array if is_part and not index.isdecimal() else job_id.partition("+")[0])


def array_of(job_id: JobId) -> JobId:
    """The id of the array, or of the heterogeneous job, that it belongs to; its own if it belongs to none."""
    return JobId(whole_of(job_id).partition("_")[0])


def token_in(comment: str) -> str:
    """The launch's token, wherever a site's own words stand around it; empty where there is none."""
    found = _TOKEN.search(comment)
    return found[1] if found else ""
