"""Listeners receive the events of a run while it trains."""

from __future__ import annotations

from collections.abc import Callable

from yogo.errors import first_line
from yogo.training.progress import Event


class Listener:
    """This one ignores the events: it is for all processes except the main process."""

    def hear(self, event: Event) -> None:
        return


SILENT = Listener()


class Sheltered(Listener):
    """Wraps a listener that only reports: if it fails, that is reported once, and training goes on without it."""

    def __init__(self, listener: Listener, what: str, say: Callable[[str], None]) -> None:
        self._listener = listener
        self._what = what
        self._say = say
        self._has_failed = False

    def hear(self, event: Event) -> None:
        if self._has_failed:
            return
        try:
            self._listener.hear(event)
        # No error of a terminal or a service may end a training.
        except Exception as error:
            self._has_failed = True
            self._say(f"{self._what} failed, and is left out from here on: {first_line(error)}")
