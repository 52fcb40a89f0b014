"""A log as a stream of lines, for `yogo-tui logs`: its last lines, then each line that is added."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import PurePosixPath

from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Host
from yogo_tui.runs.logfile import LogFile, LogLine

_AT_A_TIME = 500
_BORNE_SECONDS = 600.0


async def tail(host: Host, path: PurePosixPath, num_lines: int) -> list[LogLine]:
    """The last `num_lines` lines; empty if there is no such file. Raises HostError."""
    log = LogFile(host, path)
    await log.refresh()
    return await log.last_lines(num_lines)


async def follow(
    host: Host,
    path: PurePosixPath,
    *,
    num_lines: int = 10,
    every_seconds: float = 1.0,
    is_over: Callable[[], bool] = lambda: False,
    lost: Callable[[HostError], object] = lambda _: None,
) -> AsyncIterator[LogLine]:
    """Yields the last lines, then each new line.

    An unfinished line is yielded again each time that it has changed. A caller prints lines with `is_finished`, and on
    a terminal may draw the others over one another. It waits for a file that does not exist yet, starts again with one
    that was replaced, and ends once `is_over()` returns True and all lines were read. Raises HostError where the first
    look fails; where a later one does, `lost` is told, once, and it goes on as soon as it can, for some minutes.
    """
    log = LogFile(host, path)
    await log.refresh()
    start = await log.last_lines(num_lines)
    offset, generation = start[0].offset if start else log.size, log.generation
    unfinished: LogLine | None = None
    outage = _Outage(lost, every_seconds)
    while True:
        try:
            while lines := await log.lines_at(offset, _AT_A_TIME):
                for line in lines:
                    if line.is_finished or line != unfinished:
                        yield line
                last = lines[-1]
                offset, unfinished = (last.end, None) if last.is_finished else (last.offset, last)
                if unfinished:
                    break
            if not await _changed(log, every_seconds, was_over=is_over()):
                return
            outage.is_over()
        except HostError as error:
            await outage.bear(error)
        if log.generation != generation:
            offset, generation, unfinished = 0, log.generation, None


async def _changed(log: LogFile, every_seconds: float, *, was_over: bool) -> bool:
    """Look at the log again, and once more after a while; False where nothing will change it any more."""
    if not await log.refresh():
        if was_over:
            return False
        await asyncio.sleep(every_seconds)
        await log.refresh()
    return True


class _Outage:
    """The time for which a log cannot be read."""

    def __init__(self, lost: Callable[[HostError], object], every_seconds: float) -> None:
        self._lost = lost
        self._every_seconds = every_seconds
        self._since: float | None = None

    def is_over(self) -> None:
        self._since = None

    async def bear(self, error: HostError) -> None:
        """Wait a little. Raises the error where it has lasted too long."""
        now = time.monotonic()
        if self._since is None:
            self._since = now
            self._lost(error)
        if now - self._since > _BORNE_SECONDS:
            raise error
        await asyncio.sleep(self._every_seconds)
