"""A run's curves while it trains."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import PurePosixPath

from yogo.run.history import History
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Host
from yogo_tui.runs.events import EventsReader

_EVERY_SECONDS = 1.0


async def follow_history(
    host: Host, path: PurePosixPath, is_over: Callable[[], Awaitable[bool]]
) -> AsyncIterator[History]:
    """The history of the run at `path` now, and each time that events were added.

    It ends when `is_over` said so and then nothing more was found. A host that is away is waited for.
    """
    reader = EventsReader(host, path / "events.jsonl", whole=True)
    is_first = True
    while True:
        try:
            over = await is_over()
            changed = await reader.read()
        except HostError:
            changed, over = False, False
        if changed or is_first:
            yield _as_it_is(reader.history)
            is_first = False
        if over and not changed:
            return
        await asyncio.sleep(0 if changed and over else _EVERY_SECONDS)


def _as_it_is(history: History) -> History:
    """A copy that stays as it is while the reader goes on: who compares it with the next one must see a difference."""
    return replace(
        history,
        steps=history.steps[:],
        validations=history.validations[:],
        checkpoints=history.checkpoints[:],
    )
