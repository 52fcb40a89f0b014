"""A tiny job that says what training would find where the jobs run."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from pathlib import PurePosixPath

from yogo.run.directory import HostRunDirectory, log_in
from yogo_tui.cluster.base import Cluster, Job, JobId
from yogo_tui.doctor.console_checks import named, of_clock
from yogo_tui.doctor.finding import Finding, bad, good
from yogo_tui.doctor.trainer import WORDS, TrainerFacts, facts_in, of_facts
from yogo_tui.errors import ClusterError, ClusterUnknown, HostError
from yogo_tui.hosts.base import Host, Tell, silent
from yogo_tui.launch.machine import size_words
from yogo_tui.launch.questions import RenderUse
from yogo_tui.session import Session
from yogo_tui.settings import PinnedSettings, Settings, SizePreset
from yogo_tui.words import growing

NAME = "yogo-doctor"
_HOURS = 0.1
_MOST_CPUS = 2
_PACE_SECONDS = 10.0
_REMOVE = 'rm -rf -- "$1"; rmdir -- "$2" 2>/dev/null || true'
"""Its own folder, and that of the runs if nothing else is in it."""

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
        runs = PurePosixPath(self._settings.own_runs_folder)
        folder = runs / f".doctor-{secrets.token_hex(4)}"
        workspace = PurePosixPath(self._settings.workspace_folder)
        asked = RenderUse(PinnedSettings.of(self._settings), self.size, NAME, folder, WORDS, workspace)
        script = HostRunDirectory(folder).script
        await self._host.write(script, (await self._host.ask(asked)).encode())
        try:
            job_id = await self._submit(script)
            job = await self._over(job_id, tell)
            return await self._read(job, log_in(folder, NAME, job_id), tell)
        finally:
            with contextlib.suppress(HostError):
                await self._host.run(["sh", "-c", _REMOVE, "sh", str(folder), str(runs)], is_repeatable=True)

    async def _submit(self, script: PurePosixPath) -> JobId:
        try:
            return await self._cluster.submit(script)
        except ClusterUnknown as error:
            said = f"It is not known whether the cluster has {NAME}: {error}"
            raise ClusterUnknown(f"{said} `yogo-tui jobs` shows whether it has.") from error

    async def _over(self, job_id: JobId, tell: Tell) -> Job:
        """The job, once it has ended or can never start; it is cancelled if that is not waited for."""
        began, pace = time.monotonic(), min(_PACE_SECONDS, self._cluster.pace(self._settings.poll_seconds))
        try:
            while True:
                job = await self._look(job_id)
                if job is not None and (job.state.is_over or job.is_stuck):
                    break
                why = f" ({job.reason_words})" if job and job.reason_words else ""
                state = job.state.value if job else "submitted"
                tell(f"job {job_id}: {state}{why} · {growing(time.monotonic() - began)}", 0, 0)
                await asyncio.sleep(pace)
        except asyncio.CancelledError:
            await asyncio.shield(self._cancel(job_id))
            raise
        if job.is_stuck:
            await self._cancel(job_id)
        return job

    async def _look(self, job_id: JobId) -> Job | None:
        """None while the cluster does not answer, or does not know the job yet."""
        with contextlib.suppress(ClusterError, HostError):
            return next((job for job in await self._cluster.jobs([job_id]) if job.id == job_id), None)
        return None

    async def _cancel(self, job_id: JobId) -> None:
        with contextlib.suppress(ClusterError, HostError):
            await self._cluster.cancel([job_id])

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
