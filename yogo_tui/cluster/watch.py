"""The console's only poller: it queries the queue at a rate that a cluster's administrators accept.

Centres ask for at least 30 s between queries, so that is the interval while jobs are active. For two minutes after
the user acted it is a third of that. With nothing active it is four times as long, until a job is known of that was
not asked for yet. A query never comes sooner than five times the duration of the last one (see counted_seconds). The
poller backs off after errors and adds jitter, so that consoles do not query at the same moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from yogo_tui.cluster.base import Cluster, JobId, Queue
from yogo_tui.errors import ClusterError, HostError

ACTIVE_SECONDS = 30.0
AFTER_ACTION_SECONDS = 120.0
SLOWEST_SECONDS = 600.0
_JITTER = 0.1
_GROWTH = 4.0


class Watcher:
    """Yields the queue after each query, and never raises ConsoleError: the last state stays, marked stale."""

    def __init__(
        self,
        cluster: Cluster,
        ids: Callable[[], Sequence[JobId]] = tuple,
        *,
        poll_seconds: float = ACTIVE_SECONDS,
    ) -> None:
        """`ids` is called before each look; it returns the jobs to ask for besides those in the queue."""
        self._cluster = cluster
        self._ids = ids
        self._poll_seconds = poll_seconds
        self._sooner = asyncio.Event()
        self._acted_at = float("-inf")
        self._is_line_back = False
        self._came = asyncio.Event()
        """Set once a job is known of that the last query did not ask for."""

        self.queue = Queue()
        """The queue as last seen."""

    def look_now(self) -> None:
        """The user has just acted: query as soon as allowed, and often for a while."""
        self._acted_at = time.monotonic()
        self._sooner.set()

    def job_came(self) -> None:
        """A job is known of that the last query did not ask for: query as often as while jobs are active."""
        self._came.set()

    def line_is_back(self) -> None:
        """The machine answers again: query now, as failures over a line that was cut tell nothing of the cluster."""
        self._is_line_back = True
        self._sooner.set()

    async def queues(self) -> AsyncGenerator[Queue, None]:
        num_failures, before = 0, None
        while True:
            self._sooner.clear()
            self._is_line_back = False
            began = time.monotonic()
            self.queue = await self.look()
            self._came.clear()
            before = took = counted_seconds(time.monotonic() - began, before)
            num_failures = num_failures + 1 if self.queue.stale else 0
            yield self.queue
            await self._rest(took, num_failures)

    async def look(self) -> Queue:
        """Query once; an error is stored in `stale`."""
        try:
            await self._cluster.introduce()  # whose jobs to ask for depends on the cluster's name
            jobs = await self._cluster.jobs(self._ids())
        except (ClusterError, HostError) as error:
            return replace(self.queue, stale=str(error))
        return Queue(jobs, datetime.now(UTC), unanswered=self._cluster.unanswered)

    async def _rest(self, took: float, num_failures: int) -> None:
        """Wait until the next query is due or the user acts, but at least as long as the last query demands. If it
        failed, and the line is back, there is nothing to wait for."""
        began, jitter = time.monotonic(), random.uniform(1.0, 1.0 + _JITTER)
        is_active = any(not job.state.is_over for job in self.queue.jobs)

        def left(*, is_active: bool) -> float:
            pause = pause_seconds(
                self._poll_seconds,
                is_active=is_active,
                has_acted=began - self._acted_at < AFTER_ACTION_SECONDS,
                took_seconds=took,
                num_failures=num_failures,
            )
            return max(0.0, jitter * pause - (time.monotonic() - began))

        if not is_active:
            waits = [asyncio.ensure_future(one.wait()) for one in (self._sooner, self._came)]
            try:
                await asyncio.wait(waits, timeout=left(is_active=False), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in waits:
                    one.cancel()
        if is_active or self._came.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left(is_active=True)):
                    await self._sooner.wait()
        if num_failures and self._is_line_back:
            return
        await asyncio.sleep(min(5 * took, SLOWEST_SECONDS) - (time.monotonic() - began))


def counted_seconds(took: float, before: float | None) -> float:
    """The seconds that a look of `took` seconds counts for, after one that counted for `before`.

    A slow cluster is spared; but one look over a line that stood still for a minute does not put off the next one for
    five, as it counts for at most four times the one before.
    """
    return took if before is None else min(took, max(_GROWTH * before, 1.0))


def pause_seconds(
    poll_seconds: float, *, is_active: bool, has_acted: bool, took_seconds: float, num_failures: int
) -> float:
    """How long to wait between the end of a look and the next one, before jitter."""
    pace = poll_seconds / 3 if has_acted else poll_seconds if is_active else 4 * poll_seconds
    backed_off: float = pace * 2.0 ** min(num_failures, 10)
    return min(max(backed_off, 5 * took_seconds), max(SLOWEST_SECONDS, pace))
