"""The palette: what it finds, in which order, and what is done once it is chosen."""

from __future__ import annotations

from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import OptionList

from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from yogo.presets import builtin, copied, save
from yogo.run.notes import Notes
from yogo_tui.app import Console
from yogo_tui.questions.definitions import DefinitionFile
from yogo_tui.runs.model import RunState
from yogo_tui.screens.choose import Choice, ranked
from yogo_tui.screens.palette import Palette
from yogo_tui.screens.runs import RunsScreen


async def searched(pilot: Pilot[None], words: str) -> str:
    """The lines that the palette lists for these words."""
    await pilot.press("colon")
    await until(pilot, lambda: isinstance(pilot.app.screen, Palette))
    await pilot.press(*(("space" if sign == " " else sign) for sign in words))
    options = pilot.app.screen.query_one(OptionList)
    await until(pilot, lambda: options.option_count)
    return "\n".join(str(option.prompt) for option in options.options)


def test_titles_come_before_descriptions_and_whole_titles_before_beginnings() -> None:
    choices = [
        Choice("put it away", "as a launch"),
        Choice("the relaunch"),
        Choice("a launch"),
        Choice("launch with it"),
        Choice("launch"),
    ]
    assert ranked(choices, "launch") == [4, 3, 2, 1, 0]
    assert ranked(choices, "") == [0, 1, 2, 3, 4]
    assert ranked(choices, "lnchw") == [3], "letters in their order, where no words match"


def test_letters_that_lie_far_apart_are_no_match_and_near_ones_come_first() -> None:
    titles = ("results: confusion, classes, worst images", "give the run another name", "launch it under a new name")
    choices = [Choice(title) for title in titles]
    assert ranked(choices, "rename") == [2, 1]
    assert ranked(choices, "rcwi") == [0], "initials may lie far apart"
    assert ranked(choices, "zz") == []


async def test_this_screens_actions_come_first_and_those_of_others_after_them() -> None:
    async with Console(FakeSession(make_run("chaos-cat-0727"))).run_test(size=(100, 40)) as pilot:
        await see(pilot, "chaos-cat")
        lines = await searched(pilot, "")
        assert lines.index("key enter") < lines.index("key x") < lines.index("key 1")
        await pilot.press(*"images")
        await see(pilot, "look at its images, with their boxes", "Datasets: keys 1 v")


async def test_an_action_of_another_screen_is_done_there(tmp_path: Path) -> None:
    async with Console(FakeSession(make_run("chaos-cat-0727"), folder=tmp_path)).run_test(size=(100, 40)) as pilot:
        await see(pilot, "chaos-cat")
        await searched(pilot, "choose the recipe")
        await see(pilot, "Launch: keys 3 r")
        await pilot.press("enter")
        await see(pilot, "type to narrow", "still-voice-4405")
        assert pilot.app.current_mode == "launch"


async def test_a_run_is_opened_by_its_name_or_tag_and_the_list_is_on_it() -> None:
    runs = [make_run("chaos-cat-0727"), make_run("brave-owl-0728", RunState.FINISHED, notes=Notes(tags=("baseline",)))]
    async with Console(FakeSession(*runs), mode="recipes").run_test(size=(100, 40)) as pilot:
        await see(pilot, "Learning rate")
        await searched(pilot, "baseline")
        await see(pilot, "run, ✔ finished · baseline")
        await pilot.press("enter")
        await until(pilot, lambda: "brave-owl-0728" in shown(pilot).splitlines()[0])
        await pilot.press("escape")
        await see(pilot, "chaos-cat-0727")
        screen = pilot.app.screen
        assert isinstance(screen, RunsScreen)
        assert screen.acted_on == runs[1]


async def test_a_recipe_is_shown_once_it_is_chosen(tmp_path: Path) -> None:
    save(copied(builtin()[0], "Night shift"), tmp_path / "recipes/night-shift.yaml", seen=None)
    async with Console(FakeSession(folder=tmp_path)).run_test(size=(100, 40)) as pilot:
        await searched(pilot, "night")
        await see(pilot, "Night shift", "recipe night-shift")
        await pilot.press("enter")
        await see(pilot, "Learning rate")
        await until(pilot, lambda: "Night shift" in shown(pilot).splitlines()[1])


async def test_a_definition_is_shown_also_where_the_list_was_filtered(tmp_path: Path) -> None:
    session = FakeSession(folder=tmp_path)
    session.definition_files = tuple(DefinitionFile(tmp_path / "a" / name, tmp_path) for name in ("one.yml", "two.yml"))
    async with Console(session, mode="datasets").run_test(size=(100, 40)) as pilot:
        await see(pilot, "one.yml", "two.yml")
        await pilot.press("slash", *"one", "enter")
        await until(pilot, lambda: "two.yml" not in shown(pilot))
        await searched(pilot, "two.yml")
        await see(pilot, "definition in")
        await pilot.press("enter")
        await until(pilot, lambda: "a/two.yml" in shown(pilot).splitlines()[1])


async def test_a_setting_is_shown_where_it_can_be_changed(tmp_path: Path) -> None:
    async with Console(FakeSession(folder=tmp_path)).run_test(size=(100, 40)) as pilot:
        await searched(pilot, "poll_seconds")
        await see(pilot, "setting: Seconds between two queries")
        await pilot.press("enter")
        await see(pilot, "poll_seconds · default", "Seconds between two queries")


async def test_of_thousands_of_runs_those_that_match_best_are_listed() -> None:
    runs = [make_run(f"chaos-cat-{number:04d}", RunState.FINISHED) for number in range(2000)]
    async with Console(FakeSession(*runs)).run_test(size=(100, 40)) as pilot:
        await see(pilot, "chaos-cat")
        lines = await searched(pilot, "chaos")
        assert "… and 1,800 more: type more words" in lines
        await pilot.press(*"-cat-1999")
        await until(pilot, lambda: "run, ✔ finished" in shown(pilot) and "chaos-cat-0001" not in shown(pilot))
