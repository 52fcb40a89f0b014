"""A tiny job that says what training would find where the jobs run."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import PurePosixPath

from yogo_tui.cluster.base import Cluster, Job
from yogo_tui.doctor.console_checks import named, of_clock
from yogo_tui.doctor.finding import Finding, bad, good
from yogo_tui.doctor.trainer import WORDS, TrainerFacts, facts_in, of_facts
from yogo_tui.hosts.base import Host, Tell, silent
from yogo_tui.launch.machine import size_words
from yogo_tui.launch.purpose import DOCTOR_JOB
from yogo_tui.session import Session
from yogo_tui.session.tiny_job import TinyJob
from yogo_tui.settings import Settings, SizePreset

_HOURS = 0.1
_MOST_CPUS = 2
_LOG_SECONDS = 60.0
"""How long a shared file system may take to show what another machine has written."""


class JobProbe:
    """Submits the job, waits for it, and reads its log. Whoever stops waiting has the job cancelled."""

    def __init__(self, session: Session) -> None:
        self._host: Host = session.host
        self._cluster: Cluster = session.cluster
        self._settings: Settings = session.settings
        self._machine = session.machine
        self.size = probe_size(session.settings)

    @property
    def question(self) -> str:
        return f"Submit a job of {size_words(self.size, self._machine)}, which takes a minute once it starts?"

    async def findings(self, tell: Tell = silent) -> tuple[Finding, ...]:
        """What the job says. Raises TemplateError, ClusterError, HostError."""
        tiny = TinyJob(self._host, self._cluster, self._settings, DOCTOR_JOB, "doctor")
        async with tiny.submitted(self.size, WORDS) as job_id:
            return await self._read(await tiny.over(job_id, tell), tiny.log(job_id), tell)

    async def _read(self, job: Job, log: PurePosixPath, tell: Tell) -> tuple[Finding, ...]:
        if job.is_stuck:
            return (bad("in a job", f"it can never start: {job.reason_words}.", job.advice),)
        printed = await self._printed(log, tell)
        if printed is None:
            said = f"its log {log} is not to be seen here."
            return (
                bad("shared disk", said, "The workspace must be on a disk that the nodes share with this machine."),
            )
        if (facts := facts_in(printed)) is None:
            tail = " ".join(printed.split())[-300:] or "it printed nothing"
            return (
                bad("in a job", f"yogo does not answer there: {tail}.", "See the settings setup and yogo_command."),
            )
        found = of_facts(facts, wandb=self._settings.wandb_mode[0], num_gpus=self.size.gpus or None)
        shared = good("shared disk", f"{facts.host} writes where {named(self._host)} reads")
        told = [Finding(one.sign, f"job: {one.about}", one.said, one.advice) for one in found]
        return (*told, *await self._of_clock(facts, log), shared)

    async def _of_clock(self, facts: TrainerFacts, log: PurePosixPath) -> tuple[Finding, ...]:
        """The node's clock against that of the disk, which has dated the log right after it was said."""
        dated = [entry.modified for entry in await self._host.list(log.parent) if entry.name == log.name]
        if facts.time is None or not dated:
            return ()
        return (of_clock("job: clock", facts.host, facts.time - dated[0], "the disk"),)

    async def _printed(self, log: PurePosixPath, tell: Tell) -> str | None:
        deadline = time.monotonic() + _LOG_SECONDS
        while True:
            with contextlib.suppress(FileNotFoundError):
                return (await self._host.read(log)).data.decode(errors="replace")
            if time.monotonic() > deadline:
                return None
            tell("waiting for its log", 0, 0)
            await asyncio.sleep(1.0)


def probe_size(settings: Settings) -> SizePreset:
    """The smallest size with a GPU on one node, or without if there is none, with little time and few CPUs."""
    smallest = min(settings.sizes, key=lambda size: (size.nodes, size.gpus == 0, size.gpus, size.cpus))
    few = {"hours": min(_HOURS, smallest.hours), "cpus": min(_MOST_CPUS, smallest.cpus), "memory_gib": None}
    return smallest.model_copy(update=few | {"processes": None} if smallest.nodes == 1 else few)
