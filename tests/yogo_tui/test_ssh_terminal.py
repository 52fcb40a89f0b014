"""Being asked on a terminal, by a command."""

from __future__ import annotations

import asyncio
import contextlib
import os
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pytest

from yogo_tui.errors import HostError
from yogo_tui.hosts.asker import Challenge, HostKey, Prompt, TerminalAsker

KEY = HostKey("cluster", "cluster.example.org", "ssh-ed25519", "SHA256:abc", "/home/me/.ssh/known_hosts")


@dataclass
class Terminal:
    """The person's end of a terminal, and the command's."""

    person: int
    command: TextIO
    command_output: TextIO
    shown: str = ""

    @property
    def asker(self) -> TerminalAsker:
        return TerminalAsker(self.command, self.command_output)

    @property
    def hides(self) -> bool:
        return not termios.tcgetattr(self.command.fileno())[3] & termios.ECHO

    def shows(self, text: str) -> bool:
        os.set_blocking(self.person, False)
        with contextlib.suppress(BlockingIOError):
            self.shown += os.read(self.person, 65536).decode()
        return text in self.shown

    def types(self, text: str) -> None:
        os.write(self.person, text.encode())


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    person, command = os.openpty()
    with open(command) as file, open(os.dup(command), "w") as output:
        yield Terminal(person, file, output)
    os.close(person)


async def test_a_key_is_shown_and_accepted_only_by_a_full_yes(terminal: Terminal, until: Any) -> None:
    asking = asyncio.create_task(terminal.asker.trust(KEY))
    await until(lambda: terminal.shows("(yes/no)"))
    assert "The key of cluster is not known here: ssh-ed25519 SHA256:abc." in terminal.shown
    terminal.types("y\n")
    await until(lambda: terminal.shows("in full"))
    assert not asking.done()
    terminal.types("yes\n")
    assert await asking


@pytest.mark.parametrize("typed", ["no\n", "\x04"])
async def test_a_key_is_not_accepted_otherwise(terminal: Terminal, until: Any, typed: str) -> None:
    asking = asyncio.create_task(terminal.asker.trust(KEY))
    await until(lambda: terminal.shows("(yes/no)"))
    terminal.types(typed)
    assert not await asking


async def test_a_secret_is_typed_unseen_and_a_code_is_seen(terminal: Terminal, until: Any) -> None:
    question = Challenge("cluster", (Prompt("Password: "), Prompt("Code: ", is_shown=True)), "Welcome")
    asking = asyncio.create_task(terminal.asker.answer(question))
    await until(lambda: terminal.shows("Password: "))
    assert terminal.hides
    terminal.types("hunter2\n")
    await until(lambda: terminal.shows("Code: "))
    assert not terminal.hides
    terminal.types("123\n")
    assert await asking == ["hunter2", "123"]
    assert await until(lambda: terminal.shows("123"))
    assert terminal.shown.startswith("Welcome\r\n")
    assert "hunter2" not in terminal.shown


async def test_leaving_a_question_leaves_the_terminal_as_it_was(terminal: Terminal, until: Any) -> None:
    asking = asyncio.create_task(terminal.asker.answer(Challenge("cluster", (Prompt("Password: "),))))
    await until(lambda: terminal.shows("Password: "))
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert not terminal.hides


async def test_the_end_of_the_input_cancels(terminal: Terminal, until: Any) -> None:
    asking = asyncio.create_task(terminal.asker.answer(Challenge("cluster", (Prompt("Password: "),))))
    await until(lambda: terminal.shows("Password: "))
    terminal.types("\x04")
    assert await asking is None


async def test_nobody_is_asked_where_the_input_is_no_terminal(tmp_path: Path) -> None:
    (tmp_path / "input").write_text("yes\nsecret\n")
    with (tmp_path / "input").open() as file, (tmp_path / "output").open("w") as output:
        asker = TerminalAsker(file, output)
        with pytest.raises(HostError, match="standard input is no terminal"):
            await asker.trust(KEY)
        with pytest.raises(HostError, match="standard input is no terminal"):
            await asker.answer(Challenge("cluster", (Prompt("Password: "),)))
    assert (tmp_path / "output").read_text() == ""
