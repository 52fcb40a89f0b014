"""Tells the study of a sweep how a trial does."""

from __future__ import annotations

from yogo.run import events
from yogo.run.launch import ValueSearch
from yogo.run.study import METRIC, StudyTrial
from yogo.training.listeners import Listener
from yogo.training.progress import Event


class StudyListener(Listener):
    def __init__(self, search: ValueSearch, name: str, epochs: int) -> None:
        self._search = search
        self._name = name
        self._epochs = epochs
        self._trial: StudyTrial | None = None
        self._verdict = ""

    def verdict(self) -> str:
        """Why the run is not worth going on, a sentence; empty if it is."""
        return self._verdict

    def hear(self, event: Event) -> None:
        if not isinstance(event, events.Resumed | events.Validated | events.Finished):
            return
        trial = self._trial = self._trial or StudyTrial(self._search, self._name)
        if isinstance(event, events.Validated):
            trial.report(event.epoch + 1, event.metrics.get(METRIC), self._epochs)
        elif isinstance(event, events.Finished):
            trial.finish()
        self._verdict = trial.verdict
