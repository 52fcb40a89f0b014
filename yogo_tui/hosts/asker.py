"""How a connection asks a person: about a key that it does not know, and for passwords, codes and passphrases.

A connection asks one question at a time and waits for its answer. A screen may show a dialog (it implements Asker);
a command uses TerminalAsker. An answer is handed on and kept nowhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import termios
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TextIO

from yogo_tui.errors import HostError


class Refused(HostError):
    """The server refused the login, or the person the server: to try again without a person's word is no use."""


@dataclass(frozen=True, slots=True)
class HostKey:
    """The key that a server shows, where none is known of it."""

    host: str
    """As the person calls it; for a host on the way, with the host that it leads to."""

    address: str
    """What is written down beside the key: the host's name, with its port if that is not 22."""

    kind: str
    """Such as ssh-ed25519."""

    fingerprint: str
    """SHA256, as ssh shows it."""

    file: str
    """Where an accepted key is written down."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One line to fill in."""

    text: str
    is_shown: bool = False
    """Whether what is typed may be seen."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a server, or a key file, wants to know. All its text is safe to show."""

    host: str
    """As the person calls it; for a host on the way, with the host that it leads to."""

    prompts: tuple[Prompt, ...]
    text: str = ""
    """What stands above the prompts: why it is asked, and what the server says."""


class Asker(Protocol):
    """Asks a person."""

    async def trust(self, key: HostKey) -> bool:
        """Whether the person has compared the fingerprint and accepts the key. Raises Refused if nobody is there."""
        ...

    async def answer(self, question: Challenge) -> Sequence[str] | None:
        """An answer to each prompt; None where the person wants no connection. Raises Refused if nobody is there."""
        ...


class ComingAsker:
    """Asks through whoever comes to do that: a question waits until a screen is there."""

    def __init__(self) -> None:
        self._asker: Asker | None = None
        self._is_there = asyncio.Event()

    def come(self, asker: Asker) -> None:
        self._asker = asker
        self._is_there.set()

    async def trust(self, key: HostKey) -> bool:
        return await (await self._come()).trust(key)

    async def answer(self, question: Challenge) -> Sequence[str] | None:
        return await (await self._come()).answer(question)

    async def _come(self) -> Asker:
        await self._is_there.wait()
        assert self._asker is not None
        return self._asker


class TerminalAsker:
    """Asks on the terminal: prompts go to standard error, answers come from standard input."""

    def __init__(self, source: TextIO | None = None, target: TextIO | None = None) -> None:
        self._source = source or sys.stdin
        self._target = target or sys.stderr

    async def trust(self, key: HostKey) -> bool:
        self._need_terminal(key.host)
        self._say(
            f"The key of {key.host} is not known here: {key.kind} {key.fingerprint}.\n"
            f"Compare that with the fingerprint from its administrators. If you accept it, it goes into {key.file}.\n"
        )
        while True:
            answer = (await self._line("Accept the key? (yes/no) ", is_shown=True) or "no").strip().lower()
            if answer in ("yes", "no"):
                return answer == "yes"
            self._say("Type yes or no in full.\n")

    async def answer(self, question: Challenge) -> Sequence[str] | None:
        self._need_terminal(question.host)
        if question.text:
            self._say(question.text.rstrip("\n") + "\n")
        answers = []
        for prompt in question.prompts:
            line = await self._line(prompt.text, is_shown=prompt.is_shown)
            if line is None:
                return None
            answers.append(line)
        return answers

    def _need_terminal(self, host: str) -> None:
        if not self._source.isatty():
            raise Refused(
                f"{host} asks for something that a person has to answer, and standard input is no terminal. "
                "Run the command in a terminal, or log in with a key that an agent holds."
            )

    def _say(self, text: str) -> None:
        self._target.write(text)
        self._target.flush()

    async def _line(self, prompt: str, *, is_shown: bool) -> str | None:
        """A line without its end; None at the end of the input (ctrl+d)."""
        handle = self._source.fileno()
        with _echo(handle, is_shown):
            self._say(prompt)
            line = await _read_line(handle)
        if not is_shown or line is None:
            self._say("\n")
        return line


@contextlib.contextmanager
def _echo(handle: int, is_shown: bool) -> Iterator[None]:
    """The terminal shows what is typed, or does not; afterwards it is as before."""
    before = termios.tcgetattr(handle)
    flags = list(before)
    flags[3] = flags[3] | termios.ECHO if is_shown else flags[3] & ~termios.ECHO
    termios.tcsetattr(handle, termios.TCSAFLUSH, flags)
    try:
        yield
    finally:
        termios.tcsetattr(handle, termios.TCSAFLUSH, before)


async def _read_line(handle: int) -> str | None:
    """Waits in the event loop: whoever gives up waiting leaves the terminal as it was."""
    loop = asyncio.get_running_loop()
    typed = b""
    while not typed.endswith(b"\n"):
        ready = asyncio.Event()
        loop.add_reader(handle, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(handle)
        if not (data := os.read(handle, 1024)):
            return None
        typed += data
    return typed.rstrip(b"\r\n").decode("utf-8", errors="replace")
