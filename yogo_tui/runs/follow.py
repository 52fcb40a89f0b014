"""Follows a run's events while it trains."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import PurePosixPath

from yogo.run.directory import HostRunDirectory
from yogo.run.history import History
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Host
from yogo_tui.runs.events import EventsReader

_EVERY_SECONDS = 1.0


async def follow_history(
    host: Host, path: PurePosixPath, is_over: Callable[[], Awaitable[bool]]
) -> AsyncIterator[History]:
    """Yields the history of the run at `path`, and again each time that events were added.

    It ends once `is_over` returns True and nothing more is found. If the host cannot be reached, it tries again.
    """
    reader = EventsReader(host, HostRunDirectory(path).events, whole=True)
    is_first = True
    while True:
        try:
            over = await is_over()
            changed = await reader.read()
        except HostError:
            await asyncio.sleep(_EVERY_SECONDS)
            continue
        if changed or is_first:
            yield reader.history.so_far()
            is_first = False
        if over and not changed:
            return
        await asyncio.sleep(0 if changed and over else _EVERY_SECONDS)
