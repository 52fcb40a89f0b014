"""events.jsonl, which the console follows, and metrics.json, for whoever wants all of a test."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from yogo.run import events
from yogo.training.disk import Disk
from yogo.training.progress import Event, Measured, Noticed, Progressed

MOST_WAITING = 10_000
"""Events that are kept while the disk takes none. Of more, every second step is let go, and the curve is coarser."""


class JsonLines:
    """What cannot be written waits, and is written later in its order."""

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self.path = path
        self.disk = disk or Disk()
        self._waiting: deque[events.Event] = deque()

    def hear(self, event: Event) -> None:
        if not isinstance(event, Progressed | Noticed | Measured):
            self._waiting.append(event)
            if len(self._waiting) > MOST_WAITING:
                self._waiting = deque(thinned(self._waiting))
            self.disk.write(self.path, self._write)

    def _write(self) -> None:
        while self._waiting:
            events.append(self.path, self._waiting[0], self.disk.fence)
            self._waiting.popleft()

    def close(self) -> None:
        return


def thinned(waiting: deque[events.Event]) -> list[events.Event]:
    """Without every second step; where there are no steps, without the oldest event."""
    steps: list[events.Event] = [event for event in waiting if isinstance(event, events.Step)]
    gone = set(map(id, steps[::2] or [waiting[0]]))
    return [event for event in waiting if id(event) not in gone]


class MetricsFile:
    """Everything that the test found, in one file."""

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        """With a `disk`, what cannot be written is written later; without, OSError says so."""
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

    def close(self) -> None:
        return
