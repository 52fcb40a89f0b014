"""Writes events.jsonl, which the console follows, and metrics.json, with all results of a test; prints the latter."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from yogo.run import events
from yogo.run.disk import Disk
from yogo.training.listeners import Listener
from yogo.training.progress import Event, Measured, Shown

MOST_WAITING = 10_000
"""Events kept while the disk accepts none. Beyond this, every second step is dropped, and the curve is coarser."""


class JsonLines(Listener):
    """Events that cannot be written are kept and written later, in order."""

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self.path = path
        self.disk = disk or Disk()
        self._waiting: deque[events.Event] = deque()

    def hear(self, event: Event) -> None:
        if not isinstance(event, Shown):
            self._waiting.append(event)
            if len(self._waiting) > MOST_WAITING:
                self._waiting = deque(thinned(self._waiting))
            self.disk.write(self.path, self._write)

    def _write(self) -> None:
        while self._waiting:
            events.append(self.path, self._waiting[0], self.disk.fence)
            self._waiting.popleft()


def thinned(waiting: deque[events.Event]) -> list[events.Event]:
    """Drop every second step, or the oldest event if there are no steps."""
    steps: list[events.Event] = [event for event in waiting if isinstance(event, events.Step)]
    gone = set(map(id, steps[::2] or [waiting[0]]))
    return [event for event in waiting if id(event) not in gone]


class PrintedMetrics(Listener):
    """All results of the test as JSON on standard output; everything else is told by the other listener."""

    def __init__(self, other: Listener) -> None:
        self.other = other

    def hear(self, event: Event) -> None:
        if isinstance(event, Measured):
            print(event.metrics.model_dump_json(indent=2), flush=True)
        else:
            self.other.hear(event)


class MetricsFile(Listener):
    """All results of the test, in one file."""

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        """With a `disk`, a failed write is repeated later; without one, it raises OSError."""
        self.path = path
        self.disk = disk

    def hear(self, event: Event) -> None:
        if not isinstance(event, Measured):
            return
        metrics = event.metrics
        if self.disk is None:
            metrics.write(self.path)
        else:
            fence = self.disk.fence
            self.disk.write(self.path, lambda: metrics.write(self.path, fence=fence))
