"""A local cluster to try, with scripts for it, and what its users would look at."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from yogo_tui.cluster.base import Job, JobId, JobState
from yogo_tui.cluster.local import LocalCluster
from yogo_tui.cluster.local.records import State

WITHIN_SECONDS = 30.0


class Bench:
    """A cluster in a folder of its own, and scripts for it."""

    def __init__(self, folder: Path, slots: int = 2) -> None:
        self.folder = folder
        self.state_folder = folder / "state"
        self.submitted: list[JobId] = []
        self.cluster = LocalCluster(self.state_folder, slots=slots, kill_after_seconds=2.0)

    def script(self, body: str, *options: str, name: str = "job") -> PurePosixPath:
        lines = ["#!/bin/bash", f"#SBATCH --job-name={name}", f"#SBATCH --output={self.folder}/%x-%j.log"]
        path = self.folder / f"{name}-{time.monotonic_ns()}.sbatch"
        path.write_text("\n".join([*lines, *(f"#SBATCH {option}" for option in options), body]) + "\n")
        return PurePosixPath(path)

    async def submit(self, body: str, *options: str, name: str = "job", after: JobId | None = None) -> JobId:
        job_id = await self.cluster.submit(self.script(body, *options, name=name), after=after)
        self.submitted.append(job_id)
        return job_id

    async def look(self, job_id: JobId) -> Job:
        return next(job for job in await self.cluster.jobs([job_id]) if job.id == job_id)

    async def until(self, job_id: JobId, holds: Callable[[Job], bool]) -> Job:
        async with asyncio.timeout(WITHIN_SECONDS):
            while not holds(job := await self.look(job_id)):
                await asyncio.sleep(0.05)
        return job

    async def over(self, job_id: JobId) -> Job:
        return await self.until(job_id, lambda job: job.state.is_over)

    async def running(self, job_id: JobId) -> Job:
        return await self.until(job_id, lambda job: job.state is JobState.RUNNING)

    async def says(self, job_id: JobId, text: str) -> str:
        """The job's log, once it holds `text`."""
        async with asyncio.timeout(WITHIN_SECONDS):
            while text not in (log := await self.log(job_id)):
                await asyncio.sleep(0.05)
        return log

    async def log(self, job_id: JobId) -> str:
        path = (await self.look(job_id)).log
        assert path is not None
        return Path(path).read_text() if Path(path).exists() else ""

    def supervisor(self, job_id: JobId) -> int:
        return State.read(self.state_folder / "jobs" / job_id / "state.json").supervisor_pid


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True
