"""Texts that are longer than their room: the keys that move in a list move in them, and one key closes each of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

from tests.yogo_tui.fake_session import FakeSession, make_run, see, until
from yogo_tui.app import Console
from yogo_tui.runs.model import RunState
from yogo_tui.runs.why import Why
from yogo_tui.screens.ask import Notice
from yogo_tui.screens.help import Help
from yogo_tui.screens.run import RunScreen
from yogo_tui.screens.terms import Glossary
from yogo_tui.screens.why import WhyDialog
from yogo_tui.widgets.run_details import RunDetails
from yogo_tui.widgets.scrolled_text import ScrolledText

LONG = "what one can do about it " * 100
DIALOGS: dict[str, Callable[[], Screen[None]]] = {
    "notice": lambda: Notice("it was not launched", LONG),
    "help": lambda: Help([], LONG),
    "terms": lambda: Glossary("what the columns say", [("row", LONG)]),
    "why": lambda: WhyDialog(Why(make_run("owl", RunState.RUNNING, why=LONG))),
}


@pytest.mark.parametrize("name", DIALOGS)
async def test_a_dialog_that_only_tells_scrolls_and_is_closed_by_enter_q_and_esc(name: str) -> None:
    async with Console(FakeSession()).run_test(size=(80, 24)) as pilot:
        before = pilot.app.screen
        for key in ("enter", "q", "escape"):
            pilot.app.push_screen(DIALOGS[name]())
            await until(pilot, lambda: isinstance(pilot.app.focused, ScrolledText))
            text = pilot.app.focused
            assert text is not None
            await pilot.press("j", "j")
            await reach(pilot, text, 2)
            await pilot.press("G")
            await reach(pilot, text, text.max_scroll_y)
            await pilot.press(key)
            await until(pilot, lambda: pilot.app.screen is before)


async def reach(pilot: Pilot[None], text: Widget, line: int) -> None:
    await until(pilot, lambda: text.scroll_target_y == line)


async def test_the_details_of_a_run_scroll_by_the_keys_of_a_list() -> None:
    async with Console(FakeSession(make_run("owl"))).run_test(size=(80, 24)) as pilot:
        await see(pilot, "owl")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        await pilot.press("d")
        details = pilot.app.screen.query_one(RunDetails)
        await until(pilot, lambda: details.has_focus and details.max_scroll_y > 1)
        await pilot.press("j")
        await until(pilot, lambda: details.scroll_target_y == 1)
        await pilot.press("G")
        await until(pilot, lambda: details.scroll_target_y == details.max_scroll_y)
        await pilot.press("g")
        await until(pilot, lambda: details.scroll_target_y == 0)
