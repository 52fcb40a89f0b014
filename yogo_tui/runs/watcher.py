"""Watches all runs: it reads the folders every two seconds, and the queue at the rate that the cluster allows."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from yogo.run.record import now
from yogo_tui.cluster.base import Cluster, Job, JobId, Queue
from yogo_tui.cluster.watch import Watcher
from yogo_tui.errors import ClusterError, ConsoleError, HostError
from yogo_tui.hosts.base import Host
from yogo_tui.runs.folder import Scanner
from yogo_tui.runs.found import RunFolder
from yogo_tui.runs.jobs import JobIndex, asked_for
from yogo_tui.runs.join import KnownJoins, join
from yogo_tui.runs.model import Run
from yogo_tui.runs.use_progress import UseLogs

_FOLDERS_EVERY_SECONDS = 2.0

_QUEUE_WITHIN_SECONDS = 0.5
"""If the queue takes longer to answer, the folders are shown without it; at once where a slow line told them ahead."""

_RESOLVED_WITHIN_SECONDS = 10.0

_ASK_AGAIN_SECONDS = 60.0
"""How long to wait before the cluster is asked again, by name, for a job that may or may not exist."""


@dataclass(frozen=True, slots=True)
class Runs:
    """All runs as last seen; `queue.stale` and `queue.seen_at` say how old that is."""

    runs: tuple[Run, ...] = ()
    queue: Queue = field(default_factory=Queue)
    away: str = ""
    """Why the folders could not be read in the last look; empty if they were."""


class RunWatcher:
    """Reads and joins folders and queue. A session has one."""

    def __init__(
        self, host: Host, cluster: Cluster, scanner: Scanner, *, poll_seconds: float, silent_seconds: float = 10.0
    ) -> None:
        """After `silent_seconds` without an answer, what was seen last is marked stale."""
        self._poll_seconds = poll_seconds
        self._silent_seconds = silent_seconds
        self._host = host
        self._cluster = cluster
        self._scanner = scanner
        self._folders: tuple[RunFolder, ...] = ()
        self._known: KnownJoins = {}
        self._uses = UseLogs(host)
        self._asked: dict[PurePosixPath, float] = {}
        self._asked_ids: frozenset[JobId] = frozenset()
        """The jobs that the last look at the queue asked for by their ids."""

        self._resolving: asyncio.Task[None] | None = None
        self._watcher = Watcher(cluster, self._ids, poll_seconds=poll_seconds)
        self.awaited = ""
        """What `look` or `at` is waiting for now, in words; empty if nothing."""

    @property
    def queue(self) -> Queue:
        """The queue as last seen."""
        return self._watcher.queue

    def look_now(self) -> None:
        """Look at the queue sooner, because the user has just acted."""
        self._watcher.look_now()

    async def look(self) -> Runs:
        """Look at folders and queue once. Raises HostError. If the cluster does not answer, `queue.stale` says so."""
        with self._awaiting("the folders of runs"):
            self._folders = await self._scan()
        await self.look_at_queue()
        if self._resolve_unanswered():
            with self._awaiting("the job of a launch that got no answer"):
                await asyncio.wait({self._resolving} if self._resolving else (), timeout=_RESOLVED_WITHIN_SECONDS)
                self._folders = await self._scanner.scan()
        return await self._joined()

    async def look_at_queue(self) -> None:
        """Query the cluster once. If it does not answer, the last queue is kept, marked stale."""
        with self._awaiting("the queue of the cluster"):
            self._watcher.queue = await self._watcher.look()

    async def jobs(self) -> tuple[Job, ...]:
        """The jobs in the queue, runs or not. Raises ClusterError, HostError."""
        with self._awaiting("the queue of the cluster"):
            return await self._cluster.jobs()

    async def watch(self) -> AsyncGenerator[Runs, None]:
        """Yields all runs: once the folders are read, each time that the queue was seen, and every two seconds.

        If a look fails, or has no answer for long, the last runs are yielded again, marked stale.
        """
        seen = asyncio.Event()
        last = Runs()

        async def follow() -> None:
            async for _ in self._watcher.queues():
                seen.set()

        is_fresh = await self._has_scanned()
        following = asyncio.create_task(follow())
        patience = 0.0 if self._scanner.is_foretold else _QUEUE_WITHIN_SECONDS
        try:
            while not following.done():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(seen.wait(), patience)
                # What was just read is shown without the queue; a later queue needs later folders.
                is_fresh = is_fresh and not seen.is_set()
                looking = asyncio.create_task(self._joined() if is_fresh else self._looked())
                is_fresh, patience = False, _FOLDERS_EVERY_SECONDS
                seen.clear()
                while not (await asyncio.wait({looking}, timeout=self._silent_seconds))[0]:
                    stale = f"The folders of runs have not been seen for {self._silent_seconds:g} s."
                    last = replace(last, queue=replace(self.queue, stale=stale), away=stale)
                    yield last
                try:
                    before, last = last, looking.result()
                    if before.away:
                        self._watcher.line_is_back()
                except ConsoleError as error:
                    last = replace(last, queue=replace(self.queue, stale=str(error)), away=str(error))
                self._resolve_unanswered()
                yield last
            following.result()
        finally:
            following.cancel()

    async def _looked(self) -> Runs:
        self._folders = await self._scan()
        if not self._asked_ids.issuperset(self._known_ids()):
            self._watcher.job_came()
        return await self._joined()

    async def _scan(self) -> tuple[RunFolder, ...]:
        """What is in the folders, while the time there is asked too. Raises HostError."""
        folders, _ = await asyncio.gather(self._scanner.scan(), self._see_clock())
        return folders

    async def _see_clock(self) -> None:
        """Where it does not answer, it is taken to go on as before."""
        with contextlib.suppress(HostError):
            self._scanner.clock_ahead = await self._host.clock_ahead()

    def _join(self, folders: tuple[RunFolder, ...], elsewhere: tuple[RunFolder, ...] = ()) -> tuple[Run, ...]:
        """By the host's clock, as the times of files, jobs and records are."""
        ahead, queue = self._scanner.clock_ahead, self.queue
        queue = replace(queue, seen_at=queue.seen_at + ahead) if queue.seen_at else queue
        return join(
            folders,
            queue,
            cluster=self._cluster.name,
            now=now() + ahead,
            clock_ahead=ahead,
            elsewhere=elsewhere,
            known=self._known,
        )

    async def _has_scanned(self) -> bool:
        """Whether the folders could be read."""
        try:
            self._folders = await self._scan()
        except HostError:
            return False
        return True

    async def at(self, path: PurePosixPath) -> Run | None:
        """The run in the directory `path`; None if it is not a run directory. Raises HostError.

        The queue is queried only if the last look at it is old.
        """
        folder, _ = await asyncio.gather(self._scanner.look_at(path), self._see_clock())
        if folder is None:
            return None
        if not folder.is_over:
            self._folders = (*(other for other in self._folders if other.path != path), folder)
            seen_at = self.queue.seen_at
            # This machine's clock may have been set back meanwhile.
            if seen_at is None or not 0 <= (now() - seen_at).total_seconds() <= self._poll_seconds:
                await self.look_at_queue()
        (run,) = (run for run in self._join((folder,)) if run.path == path)
        return run

    @contextlib.contextmanager
    def _awaiting(self, what: str) -> Iterator[None]:
        self.awaited = what
        try:
            yield
        finally:
            self.awaited = ""

    def _ids(self) -> tuple[JobId, ...]:
        """Those to ask for by their ids in a look that begins now."""
        ids = self._known_ids()
        self._asked_ids = frozenset(ids)
        return ids

    def _known_ids(self) -> tuple[JobId, ...]:
        """Ids of the jobs of runs without a receipt, to ask for even if they have left the queue."""
        name = self._cluster.name
        return tuple(job_id for folder in self._folders for job_id in asked_for(folder, name))

    async def _joined(self) -> Runs:
        elsewhere = await self._elsewhere()
        for gone in self._known.keys() - {folder.path for folder in self._folders}:
            del self._known[gone]
        return Runs(await self._uses.with_progress(self._join(self._folders, elsewhere)), self.queue)

    async def _elsewhere(self) -> tuple[RunFolder, ...]:
        """Run directories of other workspaces that have jobs in this queue and can be read."""
        jobs = [job for job in self.queue.jobs if job.log and job.token and job.is_mine]
        known = {token for folder in self._folders for token in folder.tokens} if jobs else set()
        found = []
        for path, token in {job.log.parent: job.token for job in jobs if job.log}.items():
            if token in known:
                continue
            with contextlib.suppress(HostError):
                folder = await self._scanner.look_at(path)
                if folder is not None and token in folder.tokens:
                    found.append(folder)
        return tuple(found)

    def _resolve_unanswered(self) -> bool:
        """Look up launches that got no answer by their names, in the background; the result is written into their
        directories. Returns whether a lookup is running."""
        if self._resolving is None or self._resolving.done():
            due = self._due()
            self._resolving = asyncio.create_task(self._resolve(due)) if due else None
        return self._resolving is not None

    def _due(self) -> list[RunFolder]:
        name = self._cluster.name
        unsettled = [folder for folder in self._folders if self._is_unsettled(folder)]
        jobs = JobIndex(self.queue.jobs if unsettled else (), name)
        return [folder for folder in unsettled if jobs.of(folder) or self._may_be_asked(folder)]

    def _is_unsettled(self, folder: RunFolder) -> bool:
        submission = folder.submission
        if submission is None or folder.is_over or not submission.is_on(self._cluster.name):
            return False
        return submission.is_unsettled and not self.queue.stale and folder.is_mine

    def _may_be_asked(self, folder: RunFolder) -> bool:
        return time.monotonic() - self._asked.get(folder.path, -math.inf) >= _ASK_AGAIN_SECONDS

    async def _resolve(self, folders: list[RunFolder]) -> None:
        # few launches get no answer
        from yogo_tui.launch import submit

        find = submit.found_once(self._cluster)
        for folder in folders:
            self._asked[folder.path] = time.monotonic()
            # If the disk is full, a later look tries again.
            with contextlib.suppress(ClusterError, HostError):
                if folder.launch:
                    await submit.resolve(self._host, self._cluster, folder.path, folder.launch, find)
