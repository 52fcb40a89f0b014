"""A cluster without machines: its queue is what the test says, and what it was asked is kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

from yogo_tui.cluster.base import Change, Cluster, Estimate, Job, JobId, Machine, Resources, Used
from yogo_tui.cluster.site import Site
from yogo_tui.errors import ClusterUnknown


@dataclass
class FakeCluster(Cluster):
    """`down` is the reason why it does not answer, if it does not; `slow_seconds` is how long it takes."""

    name: str = "slurm"
    machine: Machine | None = None
    known: tuple[Job, ...] = ()
    unanswered: frozenset[JobId] = frozenset()
    down: str = ""
    slow_seconds: float = 0.0
    asked: list[tuple[float, Sequence[JobId]]] = field(default_factory=list)
    """When it was asked for its jobs, and for which beyond those in the queue."""

    submitted: list[PurePosixPath] = field(default_factory=list)
    """The scripts, in their order; the first is job 1."""

    cancelled: list[JobId] = field(default_factory=list)
    changed: list[tuple[Change, JobId]] = field(default_factory=list)
    use: Used | None = None
    """What accounting says of any job."""

    offers: Site = field(default_factory=Site)

    def pace(self, poll_seconds: float) -> float:
        return poll_seconds

    async def introduce(self) -> None:
        return

    async def notice(self) -> str:
        return ""

    async def jobs(self, ids: Sequence[JobId] = ()) -> tuple[Job, ...]:
        self.asked.append((time.monotonic(), ids))
        await asyncio.sleep(self.slow_seconds)
        if self.down:
            raise ClusterUnknown(self.down)
        return self.known

    async def find(self, name: str) -> tuple[Job, ...]:
        return tuple(job for job in self.known if job.name == name)

    async def submit(self, script: PurePosixPath, *, after: JobId | None = None) -> JobId:
        self.submitted.append(script)
        return JobId(str(len(self.submitted)))

    async def cancel(self, ids: Sequence[JobId]) -> None:
        self.cancelled += ids

    async def change(self, change: Change, job_id: JobId) -> None:
        self.changed.append((change, job_id))

    async def used(self, job_id: JobId) -> Used | None:
        return self.use

    async def estimate(self, script: PurePosixPath) -> Estimate:
        return Estimate(datetime.now(UTC) + timedelta(hours=3))

    async def resources(self, partition: str) -> Resources:
        return Resources(free_gpus=3, total_gpus=8, max_hours=48)

    async def site(self) -> Site:
        if self.down:
            raise ClusterUnknown(self.down)
        return self.offers
