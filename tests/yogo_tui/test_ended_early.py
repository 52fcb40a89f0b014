"""A console that is ended while a screen is being opened ends well: that screen has no parts, and begins nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual import events
from textual.css.query import NoMatches
from textual.screen import Screen

from tests.yogo_tui.fake_session import FakeSession
from yogo_tui.app import Console
from yogo_tui.modes import MODES
from yogo_tui.screens.definition import DefinitionScreen
from yogo_tui.screens.doctor import DoctorScreen

OPENS: dict[str, Callable[[], Screen[None]]] = {
    **{mode.name: mode.open for mode in MODES},
    "definition": lambda: DefinitionScreen(Path("/lab/cells.yml"), None),
    "doctor": DoctorScreen,
}


@pytest.mark.parametrize("name", OPENS)
async def test_a_screen_that_has_no_parts_begins_nothing(name: str) -> None:
    async with Console(FakeSession(), mode="runs").run_test(size=(80, 24)):
        screen = OPENS[name]()
        await screen.on_event(events.Mount())
        assert not screen.children


async def test_what_finds_no_widgets_once_the_console_ends_is_no_crash() -> None:
    app = Console(FakeSession(), mode="runs")
    async with app.run_test(size=(80, 24)):
        screen = DefinitionScreen(Path("/lab/cells.yml"), None)
    with pytest.raises(NoMatches) as gone:
        screen.on_mount()
    app._handle_exception(gone.value)  # as Textual calls it for what a handler raises
    assert not app.return_code
