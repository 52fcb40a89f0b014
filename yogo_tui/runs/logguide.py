"""What the lines of a run's log are about, for `yogo-tui logs`: when they were written, and the line of a step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from yogo.run.directory import HostRunDirectory
from yogo.run.history import History
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.base import Host
from yogo_tui.runs.events import EventsReader
from yogo_tui.runs.logfile import LogFile, LogLine
from yogo_tui.runs.logsteps import StepFinder, step_of
from yogo_tui.runs.logtimes import LineTimes
from yogo_tui.runs.model import Run


@dataclass(frozen=True, slots=True)
class LogGuide:
    run: Run
    log: LogFile
    times: LineTimes

    @classmethod
    async def of(cls, host: Host, run: Run, path: PurePosixPath) -> LogGuide:
        """By what the run has recorded so far. Raises HostError."""
        log, times = LogFile(host, path), LineTimes()
        await log.refresh()
        if run.path:
            times.history = await _history(host, run.path)
        await times.look(log)
        return cls(run, log, times)

    @property
    def _steps_per_epoch(self) -> int:
        """0 where the run has not recorded it."""
        started = self.times.history.started
        return started.steps_per_epoch if started else 0

    def written_at(self, line: LogLine) -> datetime | None:
        found = self.times.of(line, None)
        return found.at if found else None

    def step_of(self, line: LogLine) -> float | None:
        return step_of(line.text.plain, self._steps_per_epoch) if self._steps_per_epoch else None

    async def lines_from(self, step: float, count: int) -> list[LogLine]:
        """The line of this step, or the one nearest to it, and those behind it. Raises LaunchError where no line tells
        its step, HostError."""
        finder = StepFinder(self.log, self._steps_per_epoch)
        found = await finder.nearest(step) if self._steps_per_epoch else None
        if found is None:
            raise LaunchError(f"No line of the log of {self.run.name} tells its step.")
        return await self.log.lines_at(found.offset, count)


async def _history(host: Host, path: PurePosixPath) -> History:
    reader = EventsReader(host, HostRunDirectory(path).events, whole=True)
    while await reader.read():
        pass
    return reader.history.so_far()
