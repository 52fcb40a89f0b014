"""A console that is ended while a screen is being opened ends well: that screen has no parts, and begins nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual import events
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
