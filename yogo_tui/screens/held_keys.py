"""Keys that read something before they ask: meanwhile it is said, and no other key acts on the screen below."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from textual import on
from textual.events import ScreenSuspend
from textual.worker import Worker

from yogo_tui.screens.ask import WholeScreen
from yogo_tui.widgets.key_bar import KeyBar

_LEAVING = ("q", "ctrl+q", "ctrl+c")
_TICK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class HeldKeys:
    words: str
    """What is waited for."""

    worker: Worker[Any]


class HoldsKeys(WholeScreen[None]):
    """A screen with a KeyBar. Its keys are held from the one that begins to read until a dialog is shown or all is
    done."""

    _held: HeldKeys | None = None

    def hold_keys(self, words: str, worker: Worker[Any]) -> None:
        self._held = HeldKeys(words, worker)

        def tick() -> None:
            if not self._tell_held():
                timer.stop()

        timer = self.set_interval(_TICK_SECONDS, tick)

    def is_held_for(self, worker: Worker[Any]) -> bool:
        """Whether the keys are still held for it: no dialog was shown since, and the screen was not left."""
        return self.holds_keys and self._held is not None and self._held.worker is worker

    @property
    def holds_keys(self) -> bool:
        held = self._held
        return held is not None and not held.worker.is_finished and self.app.screen is self

    def keeps_key(self, key: str) -> bool:
        """Whether this key does nothing now. Escape ends what is waited for."""
        if self._held is None or not self.holds_keys or key in _LEAVING:
            return False
        if key == "escape":
            self._held.worker.cancel()
            self._held = None
        return True

    def _tell_held(self) -> bool:
        """Say what is waited for; False if that is over."""
        held = self._held if self.holds_keys else None
        self.query_one(KeyBar).wait_for(held.words if held else "")
        return held is not None

    @on(ScreenSuspend)
    def _release_keys(self) -> None:
        self._held = None


S = TypeVar("S", bound=HoldsKeys)


def reads_first(words: str) -> Callable[[Callable[[S], Worker[Any] | None]], Callable[[S], None]]:
    """The action of a key that asks something once it has read: `words` say what it reads till then."""

    def decorate(action: Callable[[S], Worker[Any] | None]) -> Callable[[S], None]:
        @functools.wraps(action)
        def begin(screen: S) -> None:
            if worker := action(screen):
                screen.hold_keys(words, worker)

        return begin

    return decorate
