"""When the lines of a log were written, where that is known: from the events of the same step, or because they came
while the console looked. No time is guessed.

A resumed run repeats steps, and its events keep the later ones only. So the event of a repeated step is taken for a
line only if the line stands below the last one that says that the run resumes.
"""

from __future__ import annotations

import contextlib
import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from yogo.run.events import Finished, Resumed, Step, Validated
from yogo.run.history import History
from yogo_tui.runs.logfile import LogFile, LogLine
from yogo_tui.runs.loggrep import LogChanged
from yogo_tui.runs.logmatch import Match
from yogo_tui.runs.logsearch import LogSearch
from yogo_tui.runs.logsteps import step_of

E = TypeVar("E", Step, Validated)

WIDTH = 17
"""Cells that the time before a line takes, a blank included."""

SIGNS = (
    "Before a line of the log: when it was written, by the event of its step. With ≤ the console saw it come then, so "
    "it was written no later. A line whose time is not known shows none."
)

_RESUMES = "resumes after step "
_PROGRESS = re.compile(r"\bepoch \d+/\d+\b")
_VALIDATED = re.compile(r"\bepoch (\d+): validation loss\b")


@dataclass(frozen=True, slots=True)
class WrittenAt:
    at: datetime
    is_bound: bool = False
    """Whether it is only known that the line was written no later."""

    def words(self, today: datetime) -> str:
        """In this machine's time zone, in `WIDTH` cells."""
        at = self.at.astimezone(today.tzinfo)
        date = "" if at.date() == today.date() else f"{at:%d %b}"
        return f"{'≤' if self.is_bound else ' '}{date:>6} {at:%H:%M:%S} "


class LineTimes:
    """Of the lines of one log."""

    def __init__(self) -> None:
        self.history = History()
        self.clock_ahead = timedelta()
        """How far the clock of the events is ahead of this machine's, by which lines come."""

        self._resumed_at: int | None = None
        self._known: tuple[object, ...] = ()

    async def look(self, log: LogFile) -> None:
        """Find where the last attempt begins in the log, where there were several. Raises HostError."""
        known = (log.path, log.generation, self.history.attempt, len(self.history.resumes))
        if known != self._known:
            self._resumed_at = None
            if self.history.attempt:
                self._resumed_at = await _last(log, _RESUMES)
            self._known = known

    def of(self, line: LogLine, came_at: datetime | None) -> WrittenAt | None:
        """When a line was written that came while the console looked, or before (None)."""
        event = self._event(line)
        if event is not None:
            return WrittenAt(event.at)
        return WrittenAt(came_at + self.clock_ahead, is_bound=True) if came_at else None

    def _event(self, line: LogLine) -> Step | Validated | Resumed | Finished | None:
        history, text = self.history, line.text.plain
        per_epoch = history.started.steps_per_epoch if history.started else 0
        step = step_of(text, per_epoch) if per_epoch else None
        if step is None:
            return None
        if _PROGRESS.search(text):
            return self._counting(_at_step(history.steps, step), line)
        if validated := _VALIDATED.search(text):
            found = _at_step(history.validations, step)
            return self._counting(found if found and found.epoch == int(validated[1]) - 1 else None, line)
        if _RESUMES in text:
            resumes = [event for event in history.resumes if event.step == step]
            return resumes[0] if len(resumes) == 1 else None
        ended = history.ended
        is_end = "finished after " in text and isinstance(ended, Finished) and ended.step == step
        return ended if is_end and isinstance(ended, Finished) else None

    def _counting(self, event: E | None, line: LogLine) -> E | None:
        """The event, if the line must be of the same attempt."""
        if event is None or event.attempt == 0:
            return event
        is_last = event.attempt == self.history.attempt
        return event if is_last and self._resumed_at is not None and line.offset > self._resumed_at else None


async def _last(log: LogFile, words: str) -> int | None:
    """Offset of the last line that holds them, as the log is now."""
    with contextlib.suppress(LogChanged):
        return await LogSearch(log, Match(words)).find(log.size, backwards=True)
    return None


def _at_step(events: Sequence[E], step: float) -> E | None:
    """The event of exactly this step."""
    index = bisect_left(events, step, key=lambda event: event.step)
    return events[index] if index < len(events) and events[index].step == step else None
