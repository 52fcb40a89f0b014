"""Which step of the training the lines of a log are about, as `yogo train` writes them, and the line of a step.

    find = StepFinder(log, steps_per_epoch)
    await find.above(line.end)                  # the nearest line from there upwards that tells its step
    await find.nearest(1_200)                   # the line of that step, or the one nearest to it

A resumed run repeats steps: of a step that is in the log twice, the later line counts, as it does in the plots.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from yogo_tui.runs.logfile import LogFile

_PIECE = 1 << 20

_FORMS = (
    r"\bepoch (?P<epoch>\d+)/\d+\b[^\r\n]*?\s(?P<done>\d+)/(?P<total>\d+)\b",
    r"\bepoch (?P<validated>\d+): validation loss\b",
    r"\b(?:resumes|saved) after step (?P<step>\d[\d,]*)",
    r"\bfinished after [^\r\n]*?, (?P<last>\d[\d,]*) steps?\b",
)
_LINE = re.compile("|".join(_FORMS))
_BYTES = re.compile("|".join(re.sub(r"\?P<\w+>", "?:", one) for one in _FORMS).encode())


def step_of(text: str, steps_per_epoch: int) -> float | None:
    """The step that a line is about, with a fraction where it lies between two; None if it tells none. Of a line that
    draws over itself, the last one."""
    found = None
    for match in _LINE.finditer(text):
        said = match.groupdict()
        if said["epoch"]:
            in_epoch = int(said["done"]) * steps_per_epoch / max(1, int(said["total"]))
            found = (int(said["epoch"]) - 1) * steps_per_epoch + in_epoch
        elif said["validated"]:
            found = float(int(said["validated"]) * steps_per_epoch)
        else:
            found = float((said["step"] or said["last"]).replace(",", ""))
    return found


@dataclass(frozen=True, slots=True)
class StepLine:
    """A line of the log that tells its step."""

    offset: int
    step: float


@dataclass(frozen=True, slots=True)
class StepFinder:
    log: LogFile
    steps_per_epoch: int
    tell: Callable[[int], None] = lambda _: None
    """Called with the offset that was reached. Whoever waits can be cancelled as a task."""

    async def above(self, end: int) -> StepLine | None:
        """The last line before the offset `end` that tells its step. Raises HostError."""
        async for line in self._upwards(end):
            return line
        return None

    async def nearest(self, step: float) -> StepLine | None:
        """The line whose step is nearest to this one; None if no line tells its step. Raises HostError."""
        after: StepLine | None = None
        async for line in self._upwards(self.log.size):
            if line.step <= step:
                return after if after and after.step - step < step - line.step else line
            after = line
        return after

    async def _upwards(self, end: int) -> AsyncIterator[StepLine]:
        while end > 0:
            start = await self.log.line_start(max(0, end - _PIECE))
            if start >= end:  # in the middle of a line that is longer than a piece
                start = max(0, end - _PIECE)
            data = await self.log.bytes_at(start, end - start)
            for match in reversed([*_BYTES.finditer(data)]):
                step = step_of(match.group().decode(errors="replace"), self.steps_per_epoch)
                if step is not None:
                    yield StepLine(start + data.rfind(b"\n", 0, match.start()) + 1, step)
            end = start
            self.tell(end)
