"""What the console asks of the machine where commands run and files lie. Knows nothing of schedulers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Completed:
    """A finished command."""

    status: int
    stdout: str = ""
    stderr: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a file, and what the file was at that moment."""

    data: bytes
    size: int
    """Of the whole file, in bytes."""

    identity: str = ""
    """Changes when the file is replaced by another of the same name; empty where the host cannot tell."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a folder."""

    name: str
    is_folder: bool
    size: int
    modified: float
    """Seconds since the epoch."""

    is_mine: bool = True
    """Of the user who looks, as far as the host can tell."""

    identity: str = ""
    """Tells of a change that size and time do not; empty where the host cannot tell."""

    @property
    def stamp(self) -> tuple[int, float, str]:
        """Another one once the file is another, as far as the host can tell."""
        return self.size, self.modified, self.identity


class Host(Protocol):
    """This machine, or one reached by SSH. Every method raises HostError when it cannot be reached."""

    @property
    def name(self) -> str:
        """As shown to the user: "here", or user@login."""
        ...

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        timeout_seconds: float = 150.0,
    ) -> Completed:
        """Run a command to its end; the words are never given to a shell unquoted. `env` adds variables;
        an empty value removes one. Raises HostError when it does not exist or gives no answer in time."""
        ...

    async def read(self, path: PurePosixPath, *, offset: int = 0, limit: int = 1 << 20) -> Piece:
        """Up to `limit` bytes from `offset`; none past the end. Opened anew each time, as network file
        systems show new bytes only then. Raises FileNotFoundError, HostError."""
        ...

    async def list(self, path: PurePosixPath) -> tuple[Entry, ...]:
        """What lies in a folder, by name. Raises FileNotFoundError, HostError."""
        ...

    async def write(self, path: PurePosixPath, data: bytes) -> None:
        """Replace a file atomically; its folder is made if need be. Raises HostError."""
        ...
