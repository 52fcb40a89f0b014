"""The commands that a scheduler was asked with: which, when, how long each took, and how it ended."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from yogo_tui.hosts.base import Completed

_MOST = 500


@dataclass(frozen=True, slots=True)
class AskedCommand:
    at: datetime
    words: tuple[str, ...]
    seconds: float
    """From the question to the whole answer, the way to the machine included."""

    status: int | None
    """None if no answer came."""

    num_bytes: int = 0
    """Of the answer, as text."""


@dataclass(frozen=True, slots=True)
class CommandTotal:
    """All commands of one program since the start."""

    program: str
    times: int
    seconds: float
    num_bytes: int

    @property
    def seconds_each(self) -> float:
        return self.seconds / self.times


class CommandLog:
    """Keeps the last commands, and the sums of all."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._last: deque[AskedCommand] = deque(maxlen=_MOST)
        self._totals: dict[str, CommandTotal] = {}

    @property
    def last(self) -> tuple[AskedCommand, ...]:
        """The oldest first."""
        return tuple(self._last)

    @property
    def totals(self) -> tuple[CommandTotal, ...]:
        """What took longest in all first."""
        return tuple(sorted(self._totals.values(), key=lambda total: -total.seconds))

    @property
    def seconds(self) -> float:
        """How long it has been kept."""
        return time.monotonic() - self._since

    async def keep(self, argv: Sequence[str], running: Awaitable[Completed]) -> Completed:
        """What the command answers, which is kept. Raises what it raises."""
        at, before, done = datetime.now(UTC), time.monotonic(), None
        try:
            done = await running
            return done
        finally:
            size = len(done.stdout) + len(done.stderr) if done else 0
            one = AskedCommand(at, tuple(argv), time.monotonic() - before, done.status if done else None, size)
            self._last.append(one)
            of = self._totals.get(argv[0], CommandTotal(argv[0], 0, 0.0, 0))
            self._totals[argv[0]] = CommandTotal(
                argv[0], of.times + 1, of.seconds + one.seconds, of.num_bytes + one.num_bytes
            )
