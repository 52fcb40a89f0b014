"""events.jsonl, which the console follows, and metrics.json, for whoever wants all of a test."""

from __future__ import annotations

from pathlib import Path

from yogo.run import events
from yogo.training.progress import Event, Measured, Noticed, Progressed


class JsonLines:
    def __init__(self, path: Path) -> None:
        self.path = path

    def hear(self, event: Event) -> None:
        if not isinstance(event, Progressed | Noticed | Measured):
            events.append(self.path, event)

    def close(self) -> None:
        return


class MetricsFile:
    """Everything that the test found, in one file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def hear(self, event: Event) -> None:
        if isinstance(event, Measured):
            event.metrics.write(self.path)

    def close(self) -> None:
        return
