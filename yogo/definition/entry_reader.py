"""What the readers of a definition's parts are handed to report with."""

from __future__ import annotations

from typing import Any, Literal, Protocol


class Say(Protocol):
    def __call__(self, message: str, *place: object, severity: Literal["error", "warning"] = "error") -> None: ...


class Unknown(Protocol):
    def __call__(self, data: dict[Any, Any], known: tuple[str, ...], *place: object) -> None: ...
