"""Numbers that cannot be right, said while a run trains and at its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from yogo.run import events
from yogo.run.doubts import doubts
from yogo.run.history import History
from yogo.training.progress import Event, Measured, Noticed, Progressed


class Doubting:
    """Says once, after an epoch, that a run is to be doubted, and at its end everything that is."""

    def __init__(self, say: Callable[[str], None], earlier: Sequence[events.Event] = ()) -> None:
        """`earlier` are the events of attempts before this one."""
        self._say = say
        self._history = History()
        self._history.extend(earlier)
        self._has_said = False

    def hear(self, event: Event) -> None:
        if isinstance(event, Progressed | Noticed | Measured):
            return
        self._history.add(event)
        match event:
            case events.Validated() if not self._has_said:
                self._tell()
            case events.Finished():
                self._tell()

    def close(self) -> None:
        return

    def _tell(self) -> None:
        for sentence in doubts(self._history):
            self._has_said = True
            self._say(sentence)
