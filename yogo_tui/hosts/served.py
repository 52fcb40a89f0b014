"""Asks `yogo-tui serve`, which answers on the far machine through one pipe for as long as the connection lives."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from dataclasses import dataclass
from typing import Any, Protocol

from yogo.distribution import VERSION
from yogo.text.terminal import printable
from yogo_tui.errors import HostError, HostUnknown
from yogo_tui.hosts.base import A, Question, Tell
from yogo_tui.hosts.messages import MARK, PROTOCOL, asked, raised, unpacked

_MOST_BEFORE_GREETING = 1 << 20
"""In bytes: a login prints less."""

_GREETS_WITHIN_SECONDS = 90.0
"""Long enough for a slow network disk, and for a line that stands still for a minute."""


_NUM_LISTENED = 3
"""How many times in this time it is listened to, before it counts as silent."""


class Pipe(Protocol):
    """The standard input and output of `yogo-tui serve`, wherever it runs."""

    async def write(self, data: bytes) -> None:
        """Raises HostError where the other end has gone."""
        ...

    async def readline(self) -> bytes:
        """The next line with its end; empty once there are no more. Raises NoAnswers, Lost, HostError."""
        ...

    @property
    def num_heard(self) -> int:
        """How much has come from it, in bytes; parts of a line count too, where that can be seen."""
        ...

    async def why_ended(self) -> str:
        """What it said on standard error, for a sentence; empty if nothing."""
        ...

    def close(self) -> None: ...


class NoAnswers(HostError):
    """There is no yogo-tui that answers, or one of another version."""


class Lost(HostError):
    """The connection was lost before the answer came."""


def doubted(question: Question[Any], error: HostError) -> HostError:
    """What to raise where a question that was asked has no answer."""
    changes = getattr(question, "changes", "")
    return HostUnknown(f"{error} It is not known whether {changes}.") if changes else error


@dataclass(slots=True)
class _Waiting:
    tell: Tell
    answer: asyncio.Future[str]


class Served:
    """Several questions may be under way at once. The first ones need not wait for the program to have started."""

    def __init__(self, pipe: Pipe, name: str, greets_within_seconds: float = _GREETS_WITHIN_SECONDS) -> None:
        """`name` is that of the host, for errors. A program that says nothing in this time, when it starts or when it
        is asked something, is given up."""
        self._pipe = pipe
        self._patience = greets_within_seconds
        self._name = name
        self._ids = itertools.count(1)
        self._waiting: dict[int, _Waiting] = {}
        self._reading = asyncio.create_task(self._read())
        self.version = ""
        """Of yogo there; empty until it has said so."""

    @property
    def notice(self) -> str:
        """What to tell a person of the two versions; empty where they are the same."""
        if self.version in ("", VERSION):
            return ""
        return f"{self._name} has yogo {self.version}, and this console is {VERSION}."

    @property
    def is_alive(self) -> bool:
        return not self._reading.done()

    @property
    def is_idle(self) -> bool:
        """Nobody waits for an answer."""
        return not self._waiting

    async def ask(self, question: Question[A], tell: Tell) -> A:
        """Raises what the question raises there, HostError, Lost where the connection is lost, and HostUnknown."""
        number = next(self._ids)
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting[number] = _Waiting(tell, answer)
        try:
            if not self.is_alive:
                raise Lost(f"The connection to {self._name} was lost.")
            with contextlib.suppress(HostError):  # what is read says better why it ended
                await self._say({"id": number} | asked(question))
            return self._understood(question, await answer)
        except NoAnswers as error:
            if not self.version:
                raise
            raise doubted(question, error) from error
        except asyncio.CancelledError:
            if self.is_alive:
                with contextlib.suppress(HostError):
                    await self._say({"cancel": number})
            raise
        finally:
            self._waiting.pop(number, None)

    def _understood(self, question: Question[A], said: str) -> A:
        try:
            return unpacked(type(question), said)
        except ValueError as error:
            said_odd = HostError(f"The answer of yogo-tui on {self._name} is not understood: {error}")
            raise doubted(question, said_odd) from error

    def close(self) -> None:
        """Whoever still waits for an answer is told."""
        self._reading.cancel()
        self._pipe.close()
        self._lose(Lost(f"The connection to {self._name} was closed."))

    async def _say(self, message: dict[str, Any]) -> None:
        await self._pipe.write(json.dumps(message).encode() + b"\n")

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(self._patience):
                self.version = await self._greeted()
            while line := await self._next_line():
                self._take(json.loads(line))
            self._lose(Lost(f"The connection to {self._name} was lost."))
        except TimeoutError:
            self._lose(NoAnswers(self._silent()))
        except (NoAnswers, Lost) as error:
            self._lose(error)
        except HostError as error:
            self._lose(HostError(f"The answer of yogo-tui on {self._name} was lost: {error}"))
        except (ValueError, RecursionError):
            self._lose(NoAnswers(f"yogo-tui on {self._name} does not speak as expected: {line[:80]!r}."))
        finally:
            self._pipe.close()

    async def _next_line(self) -> bytes:
        """Raises NoAnswers where somebody waits and it is silent, also when it is asked what no version answers for
        long: it says at once that it has no answer, however long others take."""
        num_silent = 0
        while True:
            num_heard = self._pipe.num_heard
            try:
                async with asyncio.timeout(self._patience / _NUM_LISTENED):
                    return await self._pipe.readline()
            except TimeoutError:
                is_silent = bool(self._waiting) and self._pipe.num_heard == num_heard
                num_silent = num_silent + 1 if is_silent else 0
            if num_silent == 1:
                with contextlib.suppress(HostError):  # what is read says better why it ended
                    await self._say({"id": 0, "ask": "", "of": {}})
            if num_silent == _NUM_LISTENED:
                raise NoAnswers(
                    f"yogo-tui on {self._name} answers no longer: it has said nothing for {self._patience:g} s. The "
                    "machine may be overloaded, or a disk of it away. Try again."
                )

    def _silent(self) -> str:
        return (
            f"yogo-tui on {self._name} has started and said nothing for {self._patience:g} s: the disk that it is "
            "installed on may be slow or away. Run `yogo-tui --version` there to see, then try again."
        )

    async def _greeted(self) -> str:
        """The version in its first line, behind what the login prints. Raises NoAnswers, HostError."""
        num_bytes = 0
        while line := await self._pipe.readline():
            if MARK in line:
                return _version(self._name, line.partition(MARK)[2])
            num_bytes += len(line)
            if num_bytes > _MOST_BEFORE_GREETING:
                raise NoAnswers(
                    f"What should be yogo-tui on {self._name} answers no questions, but prints {line[:80]!r} and more. "
                    "Name its path as `yogo_tui` of this host, under `hosts` in the settings here."
                )
        why = await self._pipe.why_ended()
        raise NoAnswers(f"yogo-tui on {self._name} does not answer questions{f': {why}' if why else '.'}")

    def _take(self, message: object) -> None:
        """Raises ValueError for what `yogo-tui serve` does not say."""
        match message:
            case {"id": int(number), "tell": [str(what), int(done), int(total)]}:
                if waiting := self._still_waiting(number):
                    waiting.tell(what, done, total)
            case {"id": int(number), "error": [str(kind), str(sentence)]}:
                if waiting := self._still_waiting(number):
                    waiting.answer.set_exception(raised(kind, sentence))
            case {"id": int(number), "answer": str(answer)}:
                if waiting := self._still_waiting(number):
                    waiting.answer.set_result(answer)
            case _:
                raise ValueError("neither a word of progress nor an answer nor an error")

    def _still_waiting(self, number: int) -> _Waiting | None:
        waiting = self._waiting.get(number)
        return None if waiting is None or waiting.answer.done() else waiting

    def _lose(self, error: HostError) -> None:
        for waiting in self._waiting.values():
            if not waiting.answer.done():
                waiting.answer.set_exception(error)


def _version(name: str, hello: bytes) -> str:
    try:
        said = json.loads(hello)
        version, protocol = printable(str(said["version"])), int(said["protocol"])
    except (ValueError, KeyError, TypeError) as error:
        raise NoAnswers(f"yogo-tui on {name} does not speak as expected: {hello!r}.") from error
    if protocol != PROTOCOL:
        raise NoAnswers(
            f"yogo {version} on {name} and yogo {VERSION} here do not understand each other: install the same version "
            "on both."
        )
    return version
