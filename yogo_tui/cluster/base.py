"""What runs jobs: the protocol of a cluster, which Slurm and the local cluster implement, and its values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import PurePosixPath
from typing import NewType, Protocol

from yogo.text.wording import counted
from yogo_tui.cluster.site import Site

JobId = NewType("JobId", str)

_TOKEN = re.compile(r"\byogo:([\w.-]+)")
_WAITING_TASKS = re.compile(r"(\d+)_\[([\d,:-]+)(?:%\d+)?\]")
_SPAN = re.compile(r"(\d+)(?:-(\d+)(?::(\d+))?)?")


class JobState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    """Ended with exit status 0. Success is decided by the run's own receipt."""

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
    """The scheduler's own word for the state, such as COMPLETING."""

    reason: str = ""
    """Why it is not running, or how it ended, in the scheduler's own words."""

    plain_reason: str = ""
    """The reason in plain words; empty if there are none, or if `reason` is plain already."""

    advice: str = ""
    """What one can do about the reason, in a sentence or two; empty if that is not known."""

    token: str = ""
    """The launch's token, from the job's comment; empty for a job that the console did not start."""

    partition: str = ""
    num_gpus: int = 0
    nodes: str = ""
    submitted_at: datetime | None = None
    started_at: datetime | None = None
    may_start_at: datetime | None = None
    """When a job that waits is expected to start; None if the scheduler does not say."""

    ended_at: datetime | None = None
    time_limit_seconds: int | None = None
    exit_status: int | None = None
    log: PurePosixPath | None = None
    no_log: str = ""
    """A sentence: why it has no log, or why none can be found."""

    is_mine: bool = True
    """Whether it is the user's own. Other people's jobs are seen only if their ids are asked for."""

    after: tuple[JobId, ...] = ()
    """The jobs it waits for."""

    is_stuck: bool = False
    """It waits for something that can no longer happen (a failed parent, or a limit that it exceeds)."""

    is_held: bool = False
    """It waits until somebody releases it."""

    @property
    def reason_words(self) -> str:
        """The reason in plain words, with the scheduler's own word."""
        return f"{self.plain_reason} ({self.reason})" if self.plain_reason else self.reason


class Change(StrEnum):
    """What can be done with a job in the queue, apart from cancelling it."""

    HOLD = "hold"
    """It waits until it is released."""

    RELEASE = "release"
    REQUEUE = "requeue"
    """It is ended, and goes back into the queue under the same id."""


@dataclass(frozen=True, slots=True)
class Used:
    """What a job that is over has used, as accounting knows it. None and 0 where it does not."""

    seconds: float | None = None
    cpus: int = 0
    cpu_seconds: float | None = None
    """Time for which its CPUs were busy, all together."""

    memory: int = 0
    """The most that one of its steps had on a node, in bytes."""

    memory_asked: int = 0
    """On a node, in bytes."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """When a job would start."""

    no_later_than: datetime | None
    detail: str = ""
    """Why there is no time, as the scheduler says it."""


@dataclass(frozen=True, slots=True)
class Resources:
    """How many GPUs the cluster has, and how long a job may run."""

    free_gpus: int
    total_gpus: int
    max_hours: float | None = None
    """The partition's time limit in hours; None if it has none."""

    max_nodes: int | None = None
    """How many nodes the partition gives to a job; None if it does not limit that."""

    gpus_of_nodes: tuple[int, ...] = ()
    """The GPUs of each node that accepts jobs; empty if that is not known."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """The GPUs and CPUs of this machine, and how many jobs it runs at a time."""

    num_gpus: int
    num_cpus: int
    num_slots: int
    """Jobs that it runs at a time, counted in GPUs."""

    def __str__(self) -> str:
        """A sentence such as "This machine has no GPU; one job runs at a time."."""
        has = "no GPU" if not self.num_gpus else counted(self.num_gpus, "GPU")
        jobs = "one job runs" if self.num_slots == 1 else f"jobs on {counted(self.num_slots, 'GPU')} run"
        if not self.num_gpus and self.num_slots > 1:
            jobs = f"{counted(self.num_slots, 'job')} run"
        return f"This machine has {has}; {jobs} at a time."


class Cluster(Protocol):
    """Runs jobs. It knows nothing of runs, recipes, or how its host is reached.

    Every method raises ClusterError for a refusal, ClusterUnknown if there is no answer or none that can be read, and
    HostError if the host cannot be reached.
    """

    @property
    def name(self) -> str:
        """The cluster's own name, part of a job's identity; "local" is this machine."""

    @property
    def machine(self) -> Machine | None:
        """This machine, if the cluster runs its jobs on it; None if a scheduler chooses other machines."""

    def pace(self, poll_seconds: float) -> float:
        """Seconds between two queries, where the settings ask for `poll_seconds`."""

    async def introduce(self) -> None:
        """Ask for the cluster's name, if it is not known yet. To be called before the name is recorded."""

    async def notice(self) -> str:
        """A sentence that the user should read after submitting; empty if there is none."""

    async def submit(self, script: PurePosixPath, *, after: JobId | None = None) -> JobId:
        """Queue the script, a file on the host. It starts once the job `after` has ended with status 0 (afterok)."""

    async def jobs(self, ids: Sequence[JobId] = ()) -> tuple[Job, ...]:
        """All of the user's jobs in the queue, and those jobs of `ids` that have left it and are known."""

    @property
    def unanswered(self) -> frozenset[JobId]:
        """Those of the ids in the last call of `jobs` whose end is unknown because accounting did not answer. A job
        that accounting does not know is not among them."""

    async def find(self, name: str) -> tuple[Job, ...]:
        """The user's jobs of this name, queued or past. It shows whether an unanswered submission made a job."""

    async def cancel(self, ids: Sequence[JobId]) -> None: ...

    async def change(self, change: Change, job_id: JobId) -> None:
        """Hold, release or requeue a job. Raises ClusterError, with what to do instead, where it cannot do that."""

    async def used(self, job_id: JobId) -> Used | None:
        """What a job that is over has used; None if that is not known."""

    async def estimate(self, script: PurePosixPath) -> Estimate: ...

    async def resources(self, partition: str) -> Resources: ...

    async def site(self) -> Site:
        """What it offers: partitions and their limits, the user's accounts. A few queries, for a first look or a
        check."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The jobs as last seen, and why that may be out of date."""

    jobs: tuple[Job, ...] = ()
    seen_at: datetime | None = None
    stale: str = ""
    """Why the last query failed; empty if it did not."""

    unanswered: frozenset[JobId] = frozenset()
    """Jobs that have left the queue, and whose end is unknown because accounting did not answer."""


def whole_of(job_id: JobId) -> JobId:
    """The id by which Slurm's commands find the job. For the waiting tasks of an array ("8_[2-3%2]") and for a part of
    a heterogeneous job ("123+0") it is the id of the whole."""
    array, is_part, index = job_id.partition("_")
    return JobId(array if is_part and not index.isdecimal() else job_id.partition("+")[0])


def array_of(job_id: JobId) -> JobId:
    """The id of the array, or of the heterogeneous job, that it belongs to; its own if it belongs to none."""
    return JobId(whole_of(job_id).partition("_")[0])


def tasks_in(job_id: JobId) -> tuple[JobId, ...]:
    """The id of each of an array's waiting tasks, which Slurm lists as one ("8_[2-3%2]"); else the id alone."""
    found = _WAITING_TASKS.fullmatch(job_id)
    return tuple(JobId(f"{found[1]}_{index}") for index in task_indexes(found[2])) if found else (job_id,)


def task_indexes(spans: str) -> tuple[int, ...]:
    """The indexes in the way that --array has them, such as 0,3,5-9:2, each once. Raises ValueError."""
    indexes = dict[int, None]()
    for span in spans.split(","):
        found = _SPAN.fullmatch(span)
        if found is None:
            raise ValueError(f"{span!r} is not an index or a range of indexes, such as 3 or 0-7")
        first, last = int(found[1]), int(found[2] or found[1])
        indexes |= dict.fromkeys(range(first, last + 1, int(found[3] or 1) or 1))
    return tuple(indexes)


def task_token(token: str, job_id: JobId) -> str:
    """The launch's token of a job whose comment has `token`: that of an array ends with a dash, behind which a task's
    own has its index."""
    index = job_id.partition("_")[2]
    return f"{token}{index}" if token.endswith("-") and index.isdecimal() else token


def token_in(comment: str) -> str:
    """The launch's token in a job's comment, to which a site may have added text; empty if there is none."""
    found = _TOKEN.search(comment)
    return found[1] if found else ""
