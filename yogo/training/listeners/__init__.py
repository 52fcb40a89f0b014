"""Those who hear of a run while it trains. They exist on the leading process only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from yogo.training.progress import Event


class Listener(Protocol):
    def hear(self, event: Event) -> None: ...

    def close(self) -> None: ...


class Sheltered:
    """A listener that only tells: should it fail, that is said once, and the training goes on without it."""

    def __init__(self, listener: Listener, what: str, say: Callable[[str], None]) -> None:
        self._listener = listener
        self._what = what
        self._say = say
        self._has_failed = False

    def hear(self, event: Event) -> None:
        if not self._has_failed:
            self._try(lambda: self._listener.hear(event))

    def close(self) -> None:
        self._try(self._listener.close)

    def _try(self, action: Callable[[], None]) -> None:
        try:
            action()
        # Whatever a terminal or a service comes up with, it is not worth a training.
        except Exception as error:
            self._has_failed = True
            first_line = (str(error).splitlines() or [type(error).__name__])[0]
            self._say(f"{self._what} failed, and is left out from here on: {first_line}")
