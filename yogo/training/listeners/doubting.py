"""Reports implausible numbers while a run trains and at its end."""

from __future__ import annotations

from collections.abc import Callable

from yogo.run import events
from yogo.run.doubts import doubts
from yogo.run.history import History
from yogo.training.listeners import Listener
from yogo.training.progress import Event, Shown


class Doubting(Listener):
    """Reports implausible numbers once after an epoch, and all of them at the end of the run."""

    def __init__(self, say: Callable[[str], None], earlier: History | None = None) -> None:
        """`earlier` is the history of the attempts before this one."""
        self._say = say
        self._history = earlier or History()
        self._has_said = False
        self._just_said: list[str] = []
        """What was reported after the last epoch, so that it is not repeated right away."""

    def hear(self, event: Event) -> None:
        if isinstance(event, Shown):
            return
        self._history.add(event)
        match event:
            case events.Validated() if not self._has_said:
                self._tell()
            case events.Finished():
                self._tell()
            case events.Step():
                self._just_said = []

    def _tell(self) -> None:
        new = [sentence for sentence in doubts(self._history) if sentence not in self._just_said]
        for sentence in new:
            self._has_said = True
            self._say(sentence)
        self._just_said += new
