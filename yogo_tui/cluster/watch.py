"""The one poller of the console: it looks at the queue at a pace that a cluster's administrators bear.

Centres ask for no look more often than every 30 s, so that is the pace while jobs are active; for two minutes after
the user acted it is three times as fast, with nothing active four times as slow. It never looks sooner than five
times what the last look took, backs off after errors, and jitters, so that many consoles do not ask at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from yogo_tui.cluster.base import Cluster, JobId, Queue
from yogo_tui.errors import ClusterError, HostError

ACTIVE_SECONDS = 30.0
AFTER_ACTION_SECONDS = 120.0
SLOWEST_SECONDS = 600.0
_JITTER = 0.1


class Watcher:
    """Yields the queue, look after look, and never raises ConsoleError: the last picture stays, marked stale."""

    def __init__(
        self,
        cluster: Cluster,
        ids: Callable[[], Sequence[JobId]] = tuple,
        *,
        poll_seconds: float = ACTIVE_SECONDS,
    ) -> None:
        """`ids` tells, before each look, which jobs to ask for beyond those in the queue."""
        self._cluster = cluster
        self._ids = ids
        self._poll_seconds = poll_seconds
        self._sooner = asyncio.Event()
        self._acted_at = float("-inf")
        self.queue = Queue()
        """As last seen."""

    def look_now(self) -> None:
        """The user has just acted: look as soon as the cluster bears it, and often for a while."""
        self._acted_at = time.monotonic()
        self._sooner.set()

    async def queues(self) -> AsyncIterator[Queue]:
        num_failures = 0
        while True:
            self._sooner.clear()
            began = time.monotonic()
            self.queue = await self.look()
            took = time.monotonic() - began
            num_failures = num_failures + 1 if self.queue.stale else 0
            yield self.queue
            await self._rest(began, took, num_failures)

    async def look(self) -> Queue:
        """Look once; what went wrong is in `stale`."""
        try:
            await self._cluster.introduce()  # whose jobs to ask for depends on the cluster's name
            jobs = await self._cluster.jobs(self._ids())
        except (ClusterError, HostError) as error:
            return replace(self.queue, stale=str(error))
        return Queue(jobs, datetime.now(UTC), unanswered=self._cluster.unanswered)

    async def _rest(self, began: float, took: float, num_failures: int) -> None:
        """Until the next look is due, or the user acts; but never less than the last look asks for."""
        pause = pause_seconds(
            self._poll_seconds,
            is_active=any(not job.state.is_over for job in self.queue.jobs),
            has_acted=time.monotonic() - self._acted_at < AFTER_ACTION_SECONDS,
            took_seconds=took,
            num_failures=num_failures,
        )
        due = began + took + pause * random.uniform(1.0, 1.0 + _JITTER)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(_loop_time(due)):
                await self._sooner.wait()
        await asyncio.sleep(min(5 * took, SLOWEST_SECONDS) - (time.monotonic() - began - took))


def pause_seconds(
    poll_seconds: float, *, is_active: bool, has_acted: bool, took_seconds: float, num_failures: int
) -> float:
    """How long to wait between the end of a look and the next one, before jitter."""
    pace = poll_seconds / 3 if has_acted else poll_seconds if is_active else 4 * poll_seconds
    backed_off: float = pace * 2.0 ** min(num_failures, 10)
    return min(max(backed_off, 5 * took_seconds), max(SLOWEST_SECONDS, pace))


def _loop_time(monotonic: float) -> float:
    return asyncio.get_running_loop().time() + monotonic - time.monotonic()
