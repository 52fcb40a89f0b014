"""What the console expects of each entry in the table of modes."""

from __future__ import annotations

import pytest

from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from yogo_tui.app import Console
from yogo_tui.modes import MODES, Mode
from yogo_tui.screens.base import ModeScreen
from yogo_tui.screens.palette import Palette

EACH = pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)


def test_no_two_modes_share_a_name_or_a_key() -> None:
    assert len({mode.name for mode in MODES}) == len({mode.key for mode in MODES}) == len(MODES)


@EACH
async def test_its_key_shows_its_screen_under_the_mode_bar(mode: Mode) -> None:
    other = next(one for one in MODES if one != mode)
    app = Console(FakeSession(make_run("chaos-cat-0727")), mode=other.name)
    async with app.run_test(size=(100, 30)) as pilot:
        await see(pilot, *(f"{one.key} {one.title}" for one in MODES))
        await pilot.press(mode.key)
        await until(pilot, lambda: app.current_mode == mode.name and isinstance(app.screen, ModeScreen))
        assert isinstance(app.screen, ModeScreen)
        assert mode.name == app.screen.MODE
        assert type(app.screen).CSS_PATH or type(app.screen).CSS
        assert shown(pilot).splitlines()[0].startswith(" 1 ")


@EACH
async def test_a_small_terminal_still_shows_it(mode: Mode) -> None:
    app = Console(FakeSession(), mode=mode.name)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, mode.title)
        assert "this terminal is" not in shown(pilot)


@EACH
async def test_help_tells_its_key(mode: Mode) -> None:
    app = Console(FakeSession())
    async with app.run_test(size=(120, 60)) as pilot:
        await see(pilot, "Runs")
        await pilot.press("question_mark")
        await see(pilot, "keys that work here")
        assert any({mode.key, mode.name} <= {*line.split()} for line in shown(pilot).splitlines())


@EACH
async def test_help_explains_the_terms_of_its_screen(mode: Mode) -> None:
    legend = mode.load().HELP
    assert legend.strip()
    app = Console(FakeSession(), mode=mode.name)
    async with app.run_test(size=(120, 130)) as pilot:
        await see(pilot, mode.title)
        await pilot.press("question_mark")
        await see(pilot, "keys that work here", *(legend.split()[:3]))


@EACH
async def test_the_palette_goes_there_by_its_name(mode: Mode) -> None:
    other = next(one for one in MODES if one != mode)
    app = Console(FakeSession(), mode=other.name)
    async with app.run_test(size=(100, 30)) as pilot:
        await see(pilot, other.title)
        await pilot.press("colon")
        await until(pilot, lambda: isinstance(app.screen, Palette))
        await pilot.press(*mode.name)
        await see(pilot, f"key {mode.key}")
        await pilot.press("enter")
        await until(pilot, lambda: app.current_mode == mode.name)
