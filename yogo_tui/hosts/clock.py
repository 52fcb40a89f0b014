"""The clock of another machine. A laptop's own may be an hour off, or be set while the console runs."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from yogo.run.record import now
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Host

_ASK_AGAIN_SECONDS = 60.0

_SECOND = timedelta(seconds=1)


async def time_there(host: Host) -> datetime:
    """The time by the host's clock. Raises HostError."""
    return now() + await host.clock_ahead()


class FarClock:
    """Asks for the time there once a minute, and once more where this machine's clock was set or it has slept."""

    def __init__(
        self,
        ask: Callable[[], Awaitable[str]],
        here: Callable[[], datetime] = now,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """`ask` answers with the whole seconds since the epoch by that clock; `here` is this machine's, and `ticks`
        counts seconds whatever it is set to."""
        self._ask = ask
        self._here = here
        self._ticks = ticks
        self._ahead = timedelta()
        self._asked_at, self._lag = -math.inf, 0.0
        self._asking = asyncio.Lock()

    async def ahead(self) -> timedelta:
        """How far it is ahead of this machine's; nothing where they may well agree. Raises HostError."""
        async with self._asking:  # who comes second takes the first one's answer
            if self._ticks() - self._asked_at > _ASK_AGAIN_SECONDS or abs(self._lag_now() - self._lag) > 1.0:
                await self._see()
        return self._ahead

    async def _see(self) -> None:
        asked_at, lag, before = self._ticks(), self._lag_now(), self._here()
        said = await self._ask()
        try:
            there = datetime.fromtimestamp(int(said), UTC)
        except (ValueError, OverflowError, OSError):
            raise HostError(f"`date +%s` does not tell the time there, but {said.strip()[:80]!r}.") from None
        least, most = there - self._here(), there + _SECOND - before
        # What is known already stays where the answer, which was under way for a while, does not disprove it.
        if not least <= self._ahead <= most:
            self._ahead = least + (most - least) / 2
        self._asked_at, self._lag = asked_at, lag

    def _lag_now(self) -> float:
        """Changes when this machine's clock is set, and when it sleeps."""
        return self._here().timestamp() - self._ticks()
