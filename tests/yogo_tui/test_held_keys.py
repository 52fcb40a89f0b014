"""Keys that read something before they ask: that is said, and till then no other key acts on what lies below."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot

from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from tests.yogo_tui.test_quick_typing import at_once
from yogo.recipe import Recipe
from yogo.run.manifest import Manifest
from yogo_tui.app import Console
from yogo_tui.runs.model import RunState
from yogo_tui.screens.run import RunScreen

_MANIFEST = Manifest(name="calm-owl", definition="d", classes=("a",), recipe=Recipe(), precision="fp32")


@asynccontextmanager
async def slow_list() -> AsyncIterator[tuple[Pilot[None], asyncio.Event]]:
    """Of two runs that have ended, on a machine that reads nothing before the event is set."""
    runs = [make_run(name, RunState.CANCELLED, manifest=_MANIFEST) for name in ("calm-owl", "brave-fox")]
    session = FakeSession(*runs)
    async with Console(session).run_test(size=(80, 24), notifications=True) as pilot:
        await see(pilot, "brave-fox", "enter open")
        session.host.answers_now = asyncio.Event()
        yield pilot, session.host.answers_now


@pytest.mark.parametrize("key", [*"ArwFDUZS"])
async def test_a_key_that_reads_before_it_asks_says_so_and_others_wait(key: str) -> None:
    async with slow_list() as (pilot, answers_now):
        at_once(pilot, key, "enter", "x", "down")
        await see(pilot, "… ", "esc stop")
        assert "enter open" not in shown(pilot)
        assert "brave-fox" in shown(pilot)
        answers_now.set()
        await until(pilot, lambda: "esc stop" not in shown(pilot))
        assert not [screen for screen in pilot.app.screen_stack if isinstance(screen, RunScreen)]
        assert "brave-fox is over" not in shown(pilot)


async def test_what_a_key_reads_can_be_left_and_the_keys_work_again() -> None:
    async with slow_list() as (pilot, _):
        await pilot.press("A")
        await see(pilot, "reading how it was launched", "esc stop")
        await pilot.press("escape")
        await see(pilot, "enter open")
        await pilot.press("x")
        await see(pilot, "brave-fox is over")


async def test_the_keys_work_again_once_what_was_asked_is_answered() -> None:
    async with slow_list() as (pilot, answers_now):
        answers_now.set()
        await pilot.press("w")
        await see(pilot, "y copy")
        await pilot.press("escape")
        await see(pilot, "enter open")
        await pilot.press("x")
        await see(pilot, "brave-fox is over")
