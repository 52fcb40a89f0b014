"""Asks a far machine, while yogo-tui starts there to tell the settings, what a session will ask first."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from yogo.errors import YogoError
from yogo_tui.cluster.base import Cluster
from yogo_tui.cluster.table import CLUSTERS, ClusterKind, Options
from yogo_tui.errors import ConsoleError
from yogo_tui.hosts.base import Host
from yogo_tui.questions.glance import GlanceAtRuns, RunsGlance

T = TypeVar("T")

_OLDEST_SECONDS = 2.0
"""Of a glance: as old as a list of runs ever is before it is read again."""

_GLANCE_WITHIN_SECONDS = 2.0
"""The disk of a folder of runs may be away: who looks there itself is told which."""


class Ahead:
    """What was asked for is used where the settings turn out to want it. Nothing is changed there."""

    def __init__(self, host: Host, question: GlanceAtRuns | None = None) -> None:
        """Without a question the runs are not asked for."""
        self.name, kind = next(iter(CLUSTERS.items()))
        self.options = Options()
        """What is not known yet is said once it is."""

        self.cluster: Cluster = kind.open(host, self.options)
        """The kind of cluster that `auto` looks for first."""

        self._told_at = 0.0
        self._asked: list[asyncio.Task[Any]] = []
        self._glance = self._begin(self._glanced(host, question)) if question else None
        self._is_there = self._begin(_found(kind, host))
        self._begin(self.cluster.introduce())
        self._begin(self._clock(host))

    async def is_there(self) -> bool:
        """Whether `auto` may choose this cluster. Raises HostError."""
        return await self._is_there

    async def runs(self) -> RunsGlance | None:
        """What there is in the folders of runs; None if that is not known, or not any more."""
        if self._glance is None:
            return None
        try:
            async with asyncio.timeout(_GLANCE_WITHIN_SECONDS):
                glance = await self._glance
        except (TimeoutError, ConsoleError, YogoError):
            return None
        return glance if time.monotonic() - self._told_at < _OLDEST_SECONDS else None

    def leave(self) -> None:
        for task in self._asked:
            task.cancel()

    async def _clock(self, host: Host) -> None:
        """Through the session that the answer before has left: another one would hold up those that are opened."""
        await asyncio.wait([self._is_there])
        await host.clock_ahead()

    async def _glanced(self, host: Host, question: GlanceAtRuns) -> RunsGlance:
        glance = await host.ask(question)
        self._told_at = time.monotonic()
        return glance

    def _begin(self, asked: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(asked)
        task.add_done_callback(_look)
        self._asked.append(task)
        return task


async def _found(kind: ClusterKind, host: Host) -> bool:
    return await kind.is_there(host)


def _look(task: asyncio.Task[Any]) -> None:
    """What failed is asked again by whoever needs it, who is told."""
    if not task.cancelled():
        task.exception()
