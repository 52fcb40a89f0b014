"""A log as a stream of lines, for `yogo-tui logs`: its end, and then what is added, as it is added."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import PurePosixPath

from yogo_tui.hosts.base import Host
from yogo_tui.runs.logfile import LogFile, LogLine

_AT_A_TIME = 500


async def tail(host: Host, path: PurePosixPath, num_lines: int) -> list[LogLine]:
    """The last lines; none while there is no such file. Raises HostError."""
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
) -> AsyncIterator[LogLine]:
    """The last lines, then each new one. A line that is not finished comes again each time that it has changed, so
    print those with `is_finished` and, on a terminal, draw the others over one another. Waits for a file that is not
    there yet; starts again with one that was replaced; ends once `is_over()` and all is read. Raises HostError."""
    log = LogFile(host, path)
    await log.refresh()
    start = await log.last_lines(num_lines)
    offset, generation = start[0].offset if start else log.size, log.generation
    unfinished: LogLine | None = None
    while True:
        while lines := await log.lines_at(offset, _AT_A_TIME):
            for line in lines:
                if line.is_finished or line != unfinished:
                    yield line
            last = lines[-1]
            offset, unfinished = (last.end, None) if last.is_finished else (last.offset, last)
            if unfinished:
                break
        was_over = is_over()
        if not await log.refresh():
            if was_over:
                return
            await asyncio.sleep(every_seconds)
            await log.refresh()
        if log.generation != generation:
            offset, generation, unfinished = 0, log.generation, None
