"""A small job that is not a run: it is submitted to find something out, waited for, and leaves nothing."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import PurePosixPath

from yogo.run.directory import HostRunDirectory, log_in
from yogo_tui.advice import tui
from yogo_tui.cluster.base import Cluster, Job, JobId, JobState
from yogo_tui.errors import ClusterError, ClusterUnknown, HostError
from yogo_tui.hosts.base import Host, Tell, silent
from yogo_tui.launch.questions import RenderUse
from yogo_tui.settings import PinnedSettings, Settings, SizePreset
from yogo_tui.words import growing

_PACE_SECONDS = 10.0
_LOOK_SECONDS = 1.0
_REMOVE = 'rm -rf -- "$1"; rmdir -- "$2" 2>/dev/null || true'
"""Its own folder, and that of the runs if nothing else is in it."""

_END_SECONDS = 20.0
"""How long a job that was cancelled may take to end before its folder is removed anyway."""


async def _nothing() -> bool:
    return False


class TinyJob:
    """Whoever stops waiting for it has it cancelled."""

    def __init__(self, host: Host, cluster: Cluster, settings: Settings, name: str, folder: str) -> None:
        """`folder` is what the name of its folder beside the runs begins with."""
        self._host = host
        self._cluster = cluster
        self._settings = settings
        self._name = name
        self._is_over = False
        self._pace = min(_PACE_SECONDS, cluster.pace(settings.poll_seconds))
        self.runs = PurePosixPath(settings.own_runs_folder)
        self.folder = self.runs / f".{folder}-{secrets.token_hex(4)}"

    @contextlib.asynccontextmanager
    async def submitted(self, size: SizePreset, words: Sequence[str]) -> AsyncIterator[JobId]:
        """Runs `yogo` with these words. At the end of the block the job is over, and its folder is gone. Raises
        TemplateError, ClusterError, HostError."""
        workspace = PurePosixPath(self._settings.workspace_folder)
        asked = RenderUse(PinnedSettings.of(self._settings), size, self._name, self.folder, words, workspace)
        script, text = HostRunDirectory(self.folder).script, (await self._host.ask(asked)).encode()
        job_id = None
        try:
            await self._host.write(script, text)
            job_id = await self._submit(script)
            yield job_id
        finally:
            await asyncio.shield(self._clean(job_id))

    def log(self, job_id: JobId) -> PurePosixPath:
        return log_in(self.folder, self._name, job_id)

    async def over(self, job_id: JobId, tell: Tell = silent, enough: Callable[[], Awaitable[bool]] = _nothing) -> Job:
        """The job, once it has ended, can never start, or has done `enough`."""
        began = time.monotonic()
        asked_at, job = -self._pace, None
        while True:
            if time.monotonic() - asked_at >= self._pace:
                job, asked_at = await self._look(job_id), time.monotonic()
            if job is not None and (job.state.is_over or job.is_stuck):
                self._is_over = job.state.is_over
                return job
            if job is not None and await enough():
                return job
            why = f" ({job.reason_words})" if job and job.reason_words else ""
            state = job.state.value if job else "submitted"
            tell(f"job {job_id}: {state}{why} · {growing(time.monotonic() - began)}", 0, 0)
            await asyncio.sleep(min(_LOOK_SECONDS, self._pace))

    async def _submit(self, script: PurePosixPath) -> JobId:
        try:
            return await self._cluster.submit(script)
        except ClusterUnknown as error:
            said = f"It is not known whether the cluster has {self._name}: {error}"
            raise ClusterUnknown(f"{said} `{tui()} jobs` shows whether it has.") from error

    async def _look(self, job_id: JobId) -> Job | None:
        """None while the cluster does not answer, or does not know the job yet."""
        with contextlib.suppress(ClusterError, HostError):
            return next((job for job in await self._cluster.jobs([job_id]) if job.id == job_id), None)
        return None

    async def _clean(self, job_id: JobId | None) -> None:
        with contextlib.suppress(ClusterError, HostError):
            if job_id and not self._is_over:
                was_running = (job := await self._look(job_id)) is not None and job.state is JobState.RUNNING
                await self._cluster.cancel([job_id])
                if was_running:
                    await self._ended(job_id)
        with contextlib.suppress(HostError):
            await self._host.run(["sh", "-c", _REMOVE, "sh", str(self.folder), str(self.runs)], is_repeatable=True)

    async def _ended(self, job_id: JobId) -> None:
        """Wait until it writes nothing any more."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_END_SECONDS):
                while (job := await self._look(job_id)) is not None and not job.state.is_over:
                    await asyncio.sleep(min(_LOOK_SECONDS, self._pace))
