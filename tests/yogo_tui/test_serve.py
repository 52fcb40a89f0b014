"""`yogo-tui serve` as a program: what it prints, and how it is told that it is missing, fails or is cut off."""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
import os
import pkgutil
import shlex
import sys
from pathlib import Path

import pytest

from tests.ssh_server import Server
from tests.yogo_tui.local.local_bench import WITHIN_SECONDS
from tests.yogo_tui.served import SERVE, LocalPipe
from yogo.distribution import VERSION
from yogo.errors import RecipeError
from yogo_tui import questions
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Tell, silent
from yogo_tui.hosts.served import Served
from yogo_tui.hosts.ssh import SshHost
from yogo_tui.hosts.ssh_channel import Channel, Heard
from yogo_tui.hosts.ssh_shells import Shells
from yogo_tui.questions.recipes import FindRecipe
from yogo_tui.serving.table import QUESTIONS

ROOT = Path(__file__).parent.parent.parent


@dataclasses.dataclass(frozen=True)
class Printing:
    """Prints on standard output, as a library may, before it answers."""

    def answer(self, tell: Tell) -> int:
        print("noise", flush=True)
        os.system("echo more noise")
        return 7


async def test_what_an_answer_prints_does_not_come_between_the_answers() -> None:
    code = (
        "from yogo_tui.serving.table import QUESTIONS\n"
        "from yogo_tui.serving.serve import main\n"
        "QUESTIONS['Printing'] = 'tests.yogo_tui.test_serve'\nmain()"
    )
    pipe = await LocalPipe.begin(sys.executable, "-c", code)
    served = Served(pipe, "there")
    assert await served.ask(Printing(), silent) == 7
    served.close()
    await pipe.ended()


async def test_a_program_that_says_nothing_is_given_up_and_told() -> None:
    pipe = await LocalPipe.begin("sh", "-c", "echo Welcome; exec cat")
    served = Served(pipe, "there", greets_within_seconds=0.2)
    with pytest.raises(HostError, match=r"yogo-tui on there has started and said nothing .* try again\.$"):
        await served.ask(FindRecipe("night", Path("/"), ()), silent)
    assert not served.is_alive
    await pipe.ended()


HELLO = f'yogo-answers {{"version": "{VERSION}", "protocol": 1}}'


async def test_a_program_that_greets_and_then_says_nothing_is_given_up_and_told() -> None:
    pipe = await LocalPipe.begin("sh", "-c", f"echo '{HELLO}'; while read -r line; do :; done")
    served = Served(pipe, "there", greets_within_seconds=0.9)
    async with asyncio.timeout(WITHIN_SECONDS):
        with pytest.raises(HostError, match=r"^yogo-tui on there answers no longer: .* Try again\.$"):
            await served.ask(FindRecipe("night", Path("/"), ()), silent)
        with pytest.raises(HostError):
            await served.ask(FindRecipe("night", Path("/"), ()), silent)
    await pipe.ended()


async def test_a_program_that_takes_long_for_an_answer_is_waited_for_as_long_as_it_is_there() -> None:
    """It is asked whether it is, again and again."""
    here = """*'"id": 0'*) echo '{"id": 0, "error": ["HostError", "No answer to that."]}'; num=$((num + 1));; esac"""
    done = """[ "$num" = 3 ] && echo '{"id": 1, "error": ["RecipeError", "There is none."]}'"""
    pipe = await LocalPipe.begin(
        "sh", "-c", f"echo '{HELLO}'; while read -r line; do case $line in {here}; {done}; done"
    )
    served = Served(pipe, "there", greets_within_seconds=3)
    with pytest.raises(RecipeError, match="There is none"):
        await served.ask(FindRecipe("night", Path("/"), ()), silent)
    served.close()
    await pipe.ended()


async def test_who_waits_for_an_answer_when_it_is_closed_is_told() -> None:
    pipe = await LocalPipe.begin("sh", "-c", f"echo '{HELLO}'; while read -r line; do :; done")
    served = Served(pipe, "there")
    waiting = asyncio.create_task(served.ask(FindRecipe("night", Path("/"), ()), silent))
    await asyncio.sleep(0)
    served.close()
    async with asyncio.timeout(WITHIN_SECONDS):
        with pytest.raises(HostError, match="connection to there was closed"):
            await waiting
    await pipe.ended()


async def test_the_question_whether_it_is_there_is_answered_at_once() -> None:
    pipe = await LocalPipe.begin(*SERVE)
    await pipe.write(b'{"id": 0, "ask": "", "of": {}}\n')
    await pipe.readline()
    assert (await pipe.readline()).startswith(b'{"id": 0, "error": ')
    await pipe.ended()


@pytest.mark.far
async def test_what_a_login_prints_is_nobodys_answer(ssh_server: Server) -> None:
    ssh_server.kill()
    ssh_server.set(f"ForceCommand printf '%s\\n' 'yogo-answers {{}}' '{HELLO}' '[]'; eval \"$SSH_ORIGINAL_COMMAND\"")
    ssh_server.set_environment({"PYTHONPATH": str(ROOT)})
    ssh_server.start()
    host = SshHost("login", config=ssh_server.config, serve=SERVE)
    assert (await host.ask(FindRecipe("defaults", Path("/"), ()))).slug == "defaults"
    await host.close()


@pytest.mark.far
async def test_a_login_that_prints_without_an_end_is_told(ssh_server: Server) -> None:
    ssh_server.set("ForceCommand exec yes")
    ssh_server.restart()
    host = SshHost("login", config=ssh_server.config)
    async with asyncio.timeout(WITHIN_SECONDS):
        with pytest.raises(
            HostError, match=r"^The account on login runs no commands\. It says: y y .* without an end\.$"
        ):
            await host.run(["true"])
        await host.close()


class SilentLink:
    """Opens shells that say nothing."""

    is_alive = True

    async def open(self, command: str, said: bytes) -> Channel:
        return SilentChannel()

    async def close(self) -> None:
        pass


class SilentChannel:
    def __init__(self) -> None:
        self.heard = Heard()

    def send(self, data: bytes) -> None:
        pass

    def finish(self) -> None:
        pass

    def kill(self) -> None:
        self.heard.end()


async def test_an_account_that_starts_no_shell_is_told() -> None:
    shells = Shells(SilentLink(), "login", starts_within_seconds=0.1)
    async with asyncio.timeout(WITHIN_SECONDS):
        with pytest.raises(HostError, match=r"^The account on login has not started a shell within 0\.1 s: "):
            await shells.take()
        await shells.close()


@pytest.mark.far
async def test_a_machine_without_yogo_tui_is_told_in_one_sentence(ssh_server: Server) -> None:
    host = SshHost("login", config=ssh_server.config, serve=("no-such-yogo-tui", "serve"))
    with pytest.raises(HostError, match=r"^There is no no-such-yogo-tui on login where"):
        await host.ask(FindRecipe("defaults", Path("/"), ()))
    await host.close()


@pytest.mark.far
async def test_what_a_program_says_that_answers_no_questions_is_told_alone(ssh_server: Server) -> None:
    host = SshHost("login", config=ssh_server.config, serve=("sh", "-c", "echo out of order >&2; exit 3"))
    with pytest.raises(HostError, match=r"^yogo-tui on login does not answer questions: out of order$"):
        await host.ask(FindRecipe("defaults", Path("/"), ()))
    await host.close()


@pytest.mark.far
@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((HELLO, "[]"), r"does not speak as expected: b'\[\]"),
        ((HELLO, "{"), "does not speak as expected: b'{"),
        ((HELLO, '{"id": 1, "answer": 5}'), "does not speak as expected: b'{"),
        ((HELLO, '{"id": 1, "error": 5}'), "does not speak as expected: b'{"),
        ((HELLO, '{"id": 1}'), "does not speak as expected: b'{"),
        ((HELLO, "[" * 100_000), r"does not speak as expected: b'\[\["),
        (("yes",), "answers no questions, but prints b'y"),
        (("yes x | tr -d '\\n'",), "prints a line without an end: b'xxx"),
    ],
    ids=["list", "torn", "number", "error", "nothing", "deep", "noise", "endless"],
)
async def test_a_program_that_does_not_speak_as_expected_is_told_and_ended(
    ssh_server: Server, lines: tuple[str, ...], told: str
) -> None:
    says = lines[0] if lines[0].startswith("yes") else f"printf '%s\\n' {shlex.join(lines)}; exec sleep 1000"
    host = SshHost("login", config=ssh_server.config, serve=("sh", "-c", says))
    async with asyncio.timeout(WITHIN_SECONDS):
        with pytest.raises(HostError, match=told):
            await host.ask(FindRecipe("defaults", Path("/"), ()))
        await host.close()


@pytest.mark.far
async def test_a_connection_that_is_lost_before_yogo_tui_has_started_is_told_as_lost(ssh_server: Server) -> None:
    host = SshHost("login", config=ssh_server.config, serve=("sh", "-c", "kill -9 $PPID; sleep 60"))
    with pytest.raises(HostError, match="connection to login was lost"):
        await host.ask(FindRecipe("defaults", Path("/"), ()))
    await host.close()


def test_every_question_is_known_to_the_other_side() -> None:
    """Also one that no test asks: it is found by its method."""
    found = {
        name
        for info in pkgutil.iter_modules(questions.__path__, "yogo_tui.questions.")
        for name, one in vars(importlib.import_module(info.name)).items()
        if isinstance(one, type) and dataclasses.is_dataclass(one) and hasattr(one, "answer")
        if one.__module__ == info.name
    }
    assert found
    assert found <= QUESTIONS.keys()
