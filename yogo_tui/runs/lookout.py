"""All runs, looked at again and again: the folders every other second, the queue at the pace that the cluster bears."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from yogo.run.launch import Outcome
from yogo.run.record import now
from yogo_tui.cluster.base import Cluster, Job, JobId, Queue
from yogo_tui.cluster.watch import Watcher
from yogo_tui.errors import ClusterError, ConsoleError, HostError
from yogo_tui.hosts.base import Host
from yogo_tui.launch import submit
from yogo_tui.launch.script import COMMENT
from yogo_tui.runs.folder import RunFolder, Scanner
from yogo_tui.runs.join import asked_for, job_of, join, tokens_of
from yogo_tui.runs.model import Run

_FOLDERS_EVERY_SECONDS = 2.0

_QUEUE_WITHIN_SECONDS = 0.5
"""A queue that takes longer to answer is not waited for before the folders are shown."""

_RESOLVED_WITHIN_SECONDS = 10.0

_ASK_AGAIN = timedelta(minutes=1)
"""How often the cluster is asked by name for a job that may or may not exist."""


@dataclass(frozen=True, slots=True)
class Runs:
    """All runs as last seen; `queue.stale` and `queue.seen_at` say how old that truth is."""

    runs: tuple[Run, ...] = ()
    queue: Queue = field(default_factory=Queue)


class Lookout:
    """One for the whole console."""

    def __init__(self, host: Host, cluster: Cluster, scanner: Scanner, *, poll_seconds: float) -> None:
        self._poll_seconds = poll_seconds
        self._host = host
        self._cluster = cluster
        self._scanner = scanner
        self._folders: tuple[RunFolder, ...] = ()
        self._asked: dict[PurePosixPath, datetime] = {}
        self._resolving: asyncio.Task[None] | None = None
        self._watcher = Watcher(cluster, self._ids, poll_seconds=poll_seconds)
        self.awaited = ""
        """What `once` or `at` is waiting for just now, in words; empty for nothing."""

    @property
    def queue(self) -> Queue:
        """As last seen."""
        return self._watcher.queue

    def look_now(self) -> None:
        """The user has just acted."""
        self._watcher.look_now()

    async def once(self) -> Runs:
        """One look at everything. Raises HostError; a cluster that does not answer is told in `queue.stale`."""
        with self._awaiting("the folders of runs"):
            self._folders = await self._scanner.scan()
        await self.look_at_queue()
        if self._resolve_unanswered():
            with self._awaiting("the job of a launch that got no answer"):
                await asyncio.wait({self._resolving} if self._resolving else (), timeout=_RESOLVED_WITHIN_SECONDS)
                self._folders = await self._scanner.scan()
        return await self._joined()

    async def look_at_queue(self) -> None:
        """Ask the cluster once; what it said last stands while it does not answer."""
        with self._awaiting("the queue of the cluster"):
            self._watcher.queue = await self._watcher.look()

    async def jobs(self) -> tuple[Job, ...]:
        """The jobs in the queue, runs or not. Raises ClusterError, HostError."""
        with self._awaiting("the queue of the cluster"):
            return await self._cluster.jobs()

    async def watch(self) -> AsyncIterator[Runs]:
        """The runs of the folders as soon as they are read, then each time that the queue was seen, and between.

        A last look that failed is marked stale.
        """
        seen = asyncio.Event()
        last, patience = Runs(), _QUEUE_WITHIN_SECONDS

        async def follow() -> None:
            async for _ in self._watcher.queues():
                seen.set()

        self._folders = await self._scan()
        following = asyncio.create_task(follow())
        try:
            while not following.done():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(seen.wait(), patience)
                seen.clear()
                patience = _FOLDERS_EVERY_SECONDS
                try:
                    self._folders = await self._scanner.scan()
                    last = await self._joined()
                except ConsoleError as error:
                    last = replace(last, queue=replace(self.queue, stale=str(error)))
                self._resolve_unanswered()
                yield last
            following.result()
        finally:
            following.cancel()

    async def _scan(self) -> tuple[RunFolder, ...]:
        try:
            return await self._scanner.scan()
        except HostError:
            return ()

    async def at(self, path: PurePosixPath) -> Run | None:
        """The run at `path`, wherever it lies; None where there is none. Raises HostError.

        The queue is asked only where the last look is old: whoever watches it keeps it young.
        """
        folder = await self._scanner.look_at(path)
        if folder is None:
            return None
        if not folder.is_over:
            self._folders = (*(other for other in self._folders if other.path != path), folder)
            seen_at = self.queue.seen_at
            if seen_at is None or (now() - seen_at).total_seconds() > self._poll_seconds:
                await self.look_at_queue()
        (run,) = (run for run in join((folder,), self.queue, cluster=self._cluster.name, now=now()) if run.path == path)
        return run

    @contextlib.contextmanager
    def _awaiting(self, what: str) -> Iterator[None]:
        self.awaited = what
        try:
            yield
        finally:
            self.awaited = ""

    def _ids(self) -> tuple[JobId, ...]:
        """The jobs to ask about even when they have left the queue: those of runs without a receipt."""
        name = self._cluster.name
        return tuple(job_id for folder in self._folders for job_id in asked_for(folder, name))

    async def _joined(self) -> Runs:
        elsewhere = await self._elsewhere()
        runs = join(self._folders, self.queue, cluster=self._cluster.name, now=now(), elsewhere=elsewhere)
        return Runs(runs, self.queue)

    async def _elsewhere(self) -> tuple[RunFolder, ...]:
        """The directories of other workspaces' runs that have jobs in this queue, as far as they can be read."""
        known = {token for folder in self._folders for token in tokens_of(folder.launch)}
        jobs = (job for job in self.queue.jobs if job.log and job.token and job.is_mine)
        found = []
        for path, token in {job.log.parent: job.token.removeprefix(COMMENT) for job in jobs if job.log}.items():
            if token in known:
                continue
            with contextlib.suppress(HostError):
                folder = await self._scanner.look_at(path)
                if folder is not None and token in tokens_of(folder.launch):
                    found.append(folder)
        return tuple(found)

    def _resolve_unanswered(self) -> bool:
        """Look launches that got no answer up by their names, from time to time, in the background: what is found is
        written into their directories. Whether any is looked up now."""
        if self._resolving is None or self._resolving.done():
            due = [folder for folder in self._folders if self._is_due(folder)]
            self._resolving = asyncio.create_task(self._resolve(due)) if due else None
        return self._resolving is not None

    def _is_due(self, folder: RunFolder) -> bool:
        submission = folder.launch.submission if folder.launch else None
        if submission is None or folder.is_over or not submission.is_on(self._cluster.name):
            return False
        if submission.outcome not in (Outcome.INTENDED, Outcome.UNKNOWN) or self.queue.stale or not folder.is_mine:
            return False
        asked = self._asked.get(folder.path, submission.at)
        return job_of(folder, self.queue.jobs, self._cluster.name) is not None or now() - asked >= _ASK_AGAIN

    async def _resolve(self, folders: list[RunFolder]) -> None:
        for folder in folders:
            self._asked[folder.path] = now()
            # What cannot be written down now, on a full disk, is found again at a later look.
            with contextlib.suppress(ClusterError, HostError):
                if folder.launch:
                    await submit.resolve(self._host, self._cluster, folder.path, folder.launch)
