"""What a connection asks, in dialogs over the console."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from yogo_tui.app import Console, FarConsole
from yogo_tui.hosts.asker import Challenge, ComingAsker, HostKey, Prompt
from yogo_tui.opening import Place
from yogo_tui.screens.login import DialogAsker
from yogo_tui.widgets.mode_bar import ModeBar

KEY = HostKey("me@lab", "lab", "ssh-ed25519", "SHA256:abcdefghijklmnopqrstuvwxyz", "/home/me/.ssh/known_hosts")
CODES = Challenge("me@lab", (Prompt("Password: "), Prompt("Code: ", is_shown=True)), "Welcome to the lab.")


@pytest.mark.parametrize(("keys", "accepted"), [("y", True), ("n", False), ("escape", False)])
async def test_an_unknown_key_is_accepted_by_an_explicit_yes_alone(keys: str, accepted: bool) -> None:
    app = Console(FakeSession(make_run("calm-owl-1")))
    async with app.run_test(size=(80, 24)) as pilot:
        asked = asyncio.create_task(DialogAsker(app).trust(KEY))
        await see(pilot, "The key of me@lab is not known here", "SHA256:abcdefghijklmnopqrstuvwxyz")
        await pilot.press("enter")
        assert not asked.done(), "enter is no yes"
        await pilot.press(keys)
        assert await asked is accepted
        await see(pilot, "calm-owl-1")


async def test_a_password_is_not_shown_and_a_code_is() -> None:
    app = Console(FakeSession(make_run("calm-owl-1")))
    async with app.run_test(size=(80, 24)) as pilot:
        asked = asyncio.create_task(DialogAsker(app).answer(CODES))
        await see(pilot, "me@lab: Welcome to the lab. Password:")
        await pilot.press(*"secret")
        await until(pilot, lambda: "••••••" in shown(pilot))
        assert "secret" not in shown(pilot)
        await pilot.press("enter")
        await see(pilot, "Code:")
        await pilot.press(*"123")
        await see(pilot, "123")
        await pilot.press("enter")
        assert await asked == ["secret", "123"]


async def test_who_leaves_a_question_wants_no_connection() -> None:
    app = Console(FakeSession())
    async with app.run_test(size=(80, 24)) as pilot:
        asked = asyncio.create_task(DialogAsker(app).answer(CODES))
        await see(pilot, "Password:")
        await pilot.press("escape")
        assert await asked is None


async def test_a_question_goes_once_the_connection_waits_no_longer() -> None:
    app = Console(FakeSession(make_run("calm-owl-1")))
    async with app.run_test(size=(80, 24)) as pilot:
        asked = asyncio.create_task(DialogAsker(app).trust(KEY))
        await see(pilot, "The key of me@lab")
        asked.cancel()
        await until(pilot, lambda: "The key of me@lab" not in shown(pilot))
        await see(pilot, "calm-owl-1")


@pytest.fixture
async def unreachable(tmp_path: Path) -> AsyncIterator[FarConsole]:
    """A console of a machine at whose port nobody listens."""
    (tmp_path / "config").write_text(f"Host lab\n  HostName 127.0.0.1\n  Port {free_port()}\n")
    (tmp_path / "settings.yaml").write_text(f"hosts:\n- {{name: lab, login: lab, ssh_config: {tmp_path}/config}}\n")
    asker = ComingAsker()
    there = Place("lab", tmp_path / "settings.yaml").reach(asker)
    yield FarConsole(there, asker, asyncio.create_task(there.open()))
    await there.host.close()


async def test_what_hinders_a_connection_is_on_the_screen_and_is_the_end(unreachable: FarConsole) -> None:
    async with unreachable.run_test(size=(80, 24)) as pilot:
        await see(pilot, "4 Runs", "lab · connecting", "lab cannot be reached: Connection refused.")
        await see(pilot, "ctrl+r connects again, and q leaves.")
        await pilot.press("3")
        # Which is shown once it is connected.
        await until(pilot, lambda: unreachable.screen.query_one(ModeBar).mode == "launch")
        await pilot.press("ctrl+r")
        await see(pilot, "lab cannot be reached: Connection refused.")
        await pilot.press("q")
    assert unreachable.return_code == 1
    assert "lab cannot be reached" in unreachable.last_words


async def test_a_question_waits_until_a_screen_can_ask_it() -> None:
    asker = ComingAsker()
    asked = asyncio.create_task(asker.trust(KEY))
    app = Console(FakeSession(make_run("calm-owl-1")))
    async with app.run_test(size=(80, 24)) as pilot:
        assert not asked.done()
        asker.come(DialogAsker(app))
        await see(pilot, "The key of me@lab is not known here")
        await pilot.press("y")
        assert await asked is True
