"""What the list of runs shows of the run under the cursor beyond what it knows: read once, and remembered."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Host
from yogo_tui.questions.losses import LossCurves, ReadLosses
from yogo_tui.runs.model import Run
from yogo_tui.session.why import error_of

_MOST = 500
_FRESH_SECONDS = 15.0
"""A run that goes on, or could not be read, is read again so late."""


@dataclass(frozen=True, slots=True)
class RunReading:
    """What was read of a run."""

    losses: LossCurves = field(default_factory=LossCurves)
    error: str = ""
    """The error that ended it; empty if it has not failed, or if none was found."""

    problem: str = ""
    """Why it could not be read."""


class Previews:
    def __init__(self, host: Host) -> None:
        self._host = host
        self._known: OrderedDict[str, tuple[tuple[object, ...], float, RunReading]] = OrderedDict()

    def known(self, run: Run) -> RunReading | None:
        """What was read of it last; None if that is nothing yet. A run of which there is nothing to read is known."""
        if run.path is None or (run.progress is None and not run.state.is_over):
            return RunReading()
        found = self._known.get(run.key)
        return found[2] if found else None

    def is_fresh(self, run: Run) -> bool:
        """Whether it need not be read again."""
        if (found := self._known.get(run.key)) is None:
            return self.known(run) is not None
        stamp, at, preview = found
        is_settled = stamp == _stamp(run) and not preview.problem
        return is_settled or (stamp[0] == run.state and time.monotonic() - at < _FRESH_SECONDS)

    async def read(self, run: Run) -> RunReading:
        """Read its losses, and, where it failed, the error that ended it."""
        assert run.path is not None
        before = self.known(run) or RunReading()
        try:
            losses, error = await asyncio.gather(self._host.ask(ReadLosses(Path(run.path))), error_of(self._host, run))
            preview = RunReading(losses, error)
        except HostError as problem:
            preview = RunReading(before.losses, before.error, str(problem))
        self._known[run.key] = _stamp(run), time.monotonic(), preview
        self._known.move_to_end(run.key)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return preview


def _stamp(run: Run) -> tuple[object, ...]:
    return run.state, run.progress, run.result, run.job.id if run.job else None
