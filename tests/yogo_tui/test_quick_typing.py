"""Keys that come in one bunch, as they do over a slow line, do what they do when they are pressed one by one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.events import Key
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from tests.yogo_tui.test_screens_recipes import copy_defaults, recipes
from yogo.presets import load
from yogo_tui.app import Console
from yogo_tui.screens.ask import Ask, Notice
from yogo_tui.screens.choose import Choice, Choose, LinePrompt
from yogo_tui.screens.help import Help
from yogo_tui.screens.pictures import PicturesScreen
from yogo_tui.widgets.runs_table import RunsTable


def at_once(pilot: Pilot[None], *keys: str) -> None:
    """All keys, before any of them is dealt with."""
    for key in keys:
        pilot.app.post_message(Key(key, key if len(key) == 1 else None))


async def test_a_field_that_is_emptied_and_typed_over_at_once_holds_what_was_typed(tmp_path: Path) -> None:
    async with recipes(tmp_path) as pilot:
        await copy_defaults(pilot)
        at_once(pilot, "ctrl+a", "ctrl+k", *"32", "enter", "ctrl+a", "ctrl+k", *"8", "down", *"0.002", "ctrl+s")
        await see(pilot, "saved as my-defaults.yaml")
        saved = load(tmp_path / "recipes/my-defaults.yaml").recipe
        assert (saved.epochs, saved.batch_size, saved.learning_rate) == (32, 8, 0.002)


async def test_an_arrow_right_behind_the_words_that_narrow_a_list_moves_in_the_narrowed_list() -> None:
    answers: list[int | None] = []
    choices = [Choice("cells"), Choice("bccd one"), Choice("rings"), Choice("bccd two")]
    async with Console(FakeSession()).run_test(size=(80, 24)) as pilot:
        pilot.app.push_screen(Choose("data", choices), answers.append)
        await see(pilot, "rings")
        at_once(pilot, *"bccd", "down", "enter")
        await until(pilot, lambda: answers == [3])


async def test_a_line_that_is_emptied_and_typed_over_at_once_is_accepted_as_typed() -> None:
    answers: list[str | None] = []
    async with Console(FakeSession()).run_test(size=(80, 24)) as pilot:
        pilot.app.push_screen(LinePrompt("name of the run", "calm-owl"), answers.append)
        await see(pilot, "calm-owl")
        at_once(pilot, "ctrl+u", *"first", "home", "delete", *"F", "enter")
        await until(pilot, lambda: answers == ["First"])


async def test_what_is_pressed_right_behind_a_filter_is_no_part_of_it() -> None:
    async with Console(FakeSession(make_run("calm-owl"), make_run("brave-fox"))).run_test(size=(80, 24)) as pilot:
        await see(pilot, "calm-owl")
        await pilot.press("slash")
        at_once(pilot, *"owl", "enter", "g")
        await until(pilot, lambda: isinstance(pilot.app.focused, RunsTable))
        assert pilot.app.screen.query_one(".filter", Input).value == "owl"
        await until(pilot, lambda: "brave-fox" not in shown(pilot))


async def test_words_that_come_with_the_key_that_opens_a_filter_are_typed_into_it() -> None:
    runs = [make_run("calm-owl"), make_run("brave-fox"), make_run("lost-acorn")]
    async with Console(FakeSession(*runs)).run_test(size=(80, 24)) as pilot:
        await see(pilot, "calm-owl")
        listed = pilot.app.screen
        at_once(pilot, "slash", *"acorn", "enter")
        await until(pilot, lambda: "brave-fox" not in shown(pilot))
        assert pilot.app.screen is listed
        assert listed.query_one(".filter", Input).value == "acorn"
        await until(pilot, lambda: isinstance(pilot.app.focused, RunsTable))


@pytest.mark.parametrize(
    ("dialog", "keys"),
    [
        (lambda: Choose("data", [Choice("cells"), Choice("rings")]), ["enter", "enter", "enter"]),
        (lambda: Choose("data", [Choice("cells")]), ["escape", "escape"]),
        (lambda: LinePrompt("name of the run", "calm-owl"), ["enter", "escape", "escape"]),
        (lambda: Ask("Cancel it?"), ["y", "y", "n", "escape"]),
        (lambda: Notice("it was not launched", "The line is cut."), ["escape", "escape"]),
        (lambda: Help([]), ["escape", "escape"]),
        (lambda: PicturesScreen(Path("/d/cells.yml")), ["escape", "escape"]),
    ],
)
async def test_a_key_right_behind_the_one_that_closed_a_screen_closes_no_other(
    dialog: Callable[[], Screen[object]], keys: list[str]
) -> None:
    session = FakeSession(make_run("calm-owl"))
    async with Console(session).run_test(size=(80, 24)) as pilot:
        await see(pilot, "calm-owl")
        shown_before = pilot.app.screen
        screen = dialog()
        await pilot.app.push_screen(screen)
        await pilot.pause()
        at_once(pilot, *keys)
        await until(pilot, lambda: pilot.app.screen is shown_before)
        await pilot.pause()
        await pilot.press("2")
        await see(pilot, "── recipes")


async def test_a_run_that_is_closed_by_the_key_right_behind_the_one_that_opened_it_begins_nothing() -> None:
    async with Console(FakeSession(make_run("calm-owl"))).run_test(size=(80, 24)) as pilot:
        await see(pilot, "calm-owl")
        listed = pilot.app.screen
        await pilot.app.push_screen(Notice("it was not launched", "The line is cut."))
        await pilot.pause()
        at_once(pilot, "escape", "enter", "escape")
        await until(pilot, lambda: pilot.app.screen is listed)
        await pilot.press("enter")
        await see(pilot, "── log")
