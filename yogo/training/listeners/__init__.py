"""Those who hear of a run while it trains. They exist on the leading process only."""

from __future__ import annotations

from typing import Protocol

from yogo.training.progress import Event


class Listener(Protocol):
    def hear(self, event: Event) -> None: ...

    def close(self) -> None: ...
