"""What the console asks of the machine where commands run and files lie. Knows nothing of schedulers."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any, Protocol, TypeVar

HERE = "here"
"""The name of this machine among hosts."""

Tell = Callable[[str, int, int], None]
"""Is given what is being done, how many of it are done, and of how many (0: not known)."""

A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)


def silent(what: str, done: int, total: int) -> None:
    """A Tell that tells nobody."""


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
    """Changes when the file is replaced by another of the same name; empty if the host cannot tell."""


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
    """Shows a change that size and time do not; empty if the host cannot tell."""

    @property
    def stamp(self) -> tuple[int, float, str]:
        """Differs once the file differs, as far as the host can tell."""
        return self.size, self.modified, self.identity


class Question(Protocol[A_co]):
    """Something that only yogo can answer, where the files are: a dataclass (see yogo_tui.questions).

    It is asked again where the connection was lost under it: what it changes is to be the same if it is done twice.
    One that changes something says as `changes` what it has done then, such as "the recipe was saved".
    """

    def answer(self, tell: Tell) -> A_co:
        """Runs in a thread, on the machine where the files are. Raises ConsoleError, YogoError, OSError, and what
        `tell` raises, which it does once nobody waits for the answer."""
        ...


class Files(Protocol):
    """The files of a machine. Both methods raise HostError when it cannot be reached."""

    async def read(self, path: PurePosixPath, *, offset: int = 0, limit: int = 1 << 20) -> Piece:
        """Up to `limit` bytes from `offset`; none past the end. Opened anew each time, as network file
        systems show new bytes only then. Raises FileNotFoundError, HostError."""
        ...

    async def list(self, path: PurePosixPath) -> tuple[Entry, ...]:
        """What lies in a folder, by name. Raises FileNotFoundError, HostError."""
        ...


Browse = Callable[[Files], Coroutine[Any, Any, A]]
"""Looks at many files, and awaits nothing else."""


class Host(Files, Protocol):
    """This machine, or one reached by SSH. Every method raises HostError when it cannot be reached."""

    @property
    def name(self) -> str:
        """As shown to the user: "here", or user@login."""
        ...

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know of it, a sentence each."""
        return ()

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        folder: PurePosixPath | None = None,
        timeout_seconds: float = 150.0,
        only_looks: bool = False,
        is_repeatable: bool = False,
    ) -> Completed:
        """Run a command to its end; the words are never given to a shell unquoted. `env` adds variables; an empty value
        removes one. It runs in `folder`, by default where the console or a login does.

        A command that `only_looks`, and changes nothing, is run once more if the connection was lost under it; so is
        one that `is_repeatable`, which leaves the same if it is run twice: a while is waited for the host. Raises
        HostError when it does not exist or gives no answer in time; HostUnknown where it may have run."""
        ...

    async def browse(self, look: Browse[A]) -> A:
        """What `look` returns, given the files to ask. Where a file is near, that takes no turn of the event loop for
        each: `look` is run in a thread without one. If a disk hangs there, it is called once more. Raises what it
        raises."""
        return await look(self)

    async def write(self, path: PurePosixPath, data: bytes) -> None:
        """Replace a file atomically; its folder is made if need be. Raises HostError, HostUnknown."""
        ...

    async def ask(self, question: Question[A], *, tell: Tell = silent) -> A:
        """What yogo answers there. Raises what the question's `answer` raises, with HostError for OSError, and
        HostUnknown where it is not known whether something was changed."""
        ...

    async def clock_ahead(self) -> timedelta:
        """How far its clock is ahead of this machine's, as asked within the last minute. Times that are recorded there,
        or compared with those of files and jobs there, are by its clock. Raises HostError."""
        return timedelta()

    async def close(self) -> None:
        """Let go of what is held open."""
