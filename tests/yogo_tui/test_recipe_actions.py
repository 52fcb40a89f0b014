"""Recipes as wholes: imported, described, saved as another, deleted and brought back; and the runs that used them."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input

from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from tests.yogo_tui.test_screens_recipes import copy_defaults, recipes, type_over
from yogo.presets import load
from yogo_tui.app import Console
from yogo_tui.screens.paste import PasteField
from yogo_tui.widgets.knob_form import KnobInput
from yogo_tui.words import cut_apart, cut_middle


async def paste(pilot: Pilot[None], text: str) -> None:
    await see(pilot, "paste a command line")
    pilot.app.screen.query_one(PasteField).post_message(Paste(text))


async def test_a_pasted_command_of_several_lines_becomes_a_recipe_and_what_is_left_is_said(tmp_path: Path) -> None:
    async with recipes(tmp_path) as pilot:
        await pilot.press("i")
        await paste(pilot, "yogo test best.pth")
        await see(pilot, "✖ This is yogo test: only yogo train has a recipe")
        await pilot.press("home", "shift+end", "delete")
        await paste(pilot, "sbatch scripts/submit_cmd.sh yogo train \\\r  cells.yml -lr 1e-4 \\\r  --epoch 3\r")
        await until(pilot, lambda: "✖" not in shown(pilot))
        await pilot.press("enter")
        await see(pilot, "title of the recipe")
        await pilot.press("end", *" now", "enter")
        await see(
            pilot, "! 2 things could not be taken over", "--epoch 3: yogo train has no such flag.", "The data, cells"
        )
        await pilot.press("escape")
        await see(pilot, "── Imported now", "--learning-rate 0.0001")
    assert load(tmp_path / "recipes/imported-now.yaml").recipe.learning_rate == 1e-4


async def test_the_recipe_of_a_run_is_imported_and_the_runs_of_a_recipe_are_shown(tmp_path: Path) -> None:
    session = FakeSession(make_run("calm-bear-1"), make_run("wise-owl-2"), folder=tmp_path)
    async with Console(session, mode="recipes").run_test(size=(80, 24), notifications=True) as pilot:
        await see(pilot, "── Defaults", "No run here was launched with it.")
        await until(pilot, lambda: pilot.app.runs.runs)  # type: ignore[attr-defined]
        await pilot.press("down")
        await see(pilot, "Sets epochs 16, lr .0005, normalize images.", "Used by 2 runs: ")
        await pilot.press("i")
        await see(pilot, "import a recipe from", "a command line", "wise-owl-2")
        await pilot.press(*"owl", "enter")
        await see(pilot, "title of the recipe of wise-owl-2", "As wise-owl-2")
        await pilot.press("enter")
        await see(pilot, "! 1 thing could not be taken over", "its data, /lab/")
    saved = load(tmp_path / "recipes/as-wise-owl-2.yaml")
    assert (saved.recipe.epochs, saved.note) == (16, "As wise-owl-2 had it.")


async def test_leaving_the_import_saves_nothing(tmp_path: Path) -> None:
    async with recipes(tmp_path) as pilot:
        await pilot.press("i")
        await paste(pilot, "yogo train cells.yml")
        await pilot.press("escape")
        await until(pilot, lambda: "paste a command line" not in shown(pilot))
    assert not (tmp_path / "recipes").exists()


async def test_title_and_note_are_edited_and_the_cursor_stays_on_the_recipe(tmp_path: Path) -> None:
    async with recipes(tmp_path) as pilot:
        await pilot.press("N")
        await see(pilot, "Defaults is built in and read-only: copy it under a title of yours.")
        await pilot.press("escape")
        await copy_defaults(pilot)
        await pilot.press("escape")
        await pilot.press("N")
        await see(pilot, "title and note of My Defaults")
        await pilot.press("end", *" too", "enter", *"Quick. ", "ctrl+s")
        await see(pilot, "── My Defaults too", "Quick. Copied from Defaults.")
    assert load(tmp_path / "recipes/my-defaults-too.yaml").note == "Quick. Copied from Defaults."
    assert not (tmp_path / "recipes/my-defaults.yaml").exists()


async def test_what_is_typed_is_saved_as_another_recipe_and_the_first_stays(tmp_path: Path) -> None:
    async with recipes(tmp_path) as pilot:
        await copy_defaults(pilot)
        await type_over(pilot, "epochs", "7")
        await pilot.press("ctrl+n")
        await see(pilot, "save as another recipe, titled")
        await pilot.press("end", *" x", "enter")
        await see(pilot, "── My Defaults x")
        await until(pilot, lambda: isinstance(pilot.app.focused, KnobInput))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.focused, KnobInput))
    assert load(tmp_path / "recipes/my-defaults-x.yaml").recipe.epochs == 7
    assert load(tmp_path / "recipes/my-defaults.yaml").recipe.epochs == 64


async def test_a_recipe_that_was_deleted_comes_back_and_the_cursor_stays_where_it_was(tmp_path: Path) -> None:
    async with recipes(tmp_path) as pilot:
        await pilot.press("U")
        await see(pilot, "no deleted recipe is kept")
        await copy_defaults(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.focused, KnobInput))
        await pilot.press("x")
        await see(pilot, "Delete My Defaults? U brings it back.")
        await pilot.press("enter")
        await see(pilot, "── still-voice-4405 as", "My Defaults deleted")
        await pilot.press("U")
        await see(pilot, "── My Defaults", "My Defaults brought back")
    assert load(tmp_path / "recipes/my-defaults.yaml").recipe.epochs == 64


async def test_leaving_the_console_asks_about_what_was_not_saved(tmp_path: Path) -> None:
    async with recipes(tmp_path) as pilot:
        await copy_defaults(pilot)
        await type_over(pilot, "epochs", "7")
        await pilot.press("ctrl+q")
        await see(pilot, "Leave the console without saving what you changed in My Defaults?")
        await pilot.press("n")
        await see(pilot, "--epochs 7")
        await pilot.press("ctrl+s")
        await see(pilot, "saved as my-defaults.yaml")
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not pilot.app.is_running)


@pytest.mark.parametrize("size", [(160, 45), (140, 30)])
async def test_a_wide_terminal_shows_what_each_recipe_sets(tmp_path: Path, size: tuple[int, int]) -> None:
    async with recipes(tmp_path) as pilot:
        assert "classify weight 10" not in shown(pilot)
        await pilot.resize_terminal(*size)
        await see(pilot, "Pre-train                   epochs 16, lr .0005, normalize images")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "epochs 16, lr .0005" not in shown(pilot))


async def test_the_keys_of_the_list_are_letters_while_something_is_typed(tmp_path: Path) -> None:
    async with recipes(tmp_path) as pilot:
        await copy_defaults(pilot)
        pilot.app.screen.query_one("#knob-model", Input).focus()
        await pilot.press(*"iNUxcl")
        assert pilot.app.screen.query_one("#knob-model", Input).value == "iNUxcl"


async def test_the_list_of_recipes_says_what_the_one_under_the_cursor_sets(tmp_path: Path) -> None:
    async with recipes(tmp_path) as pilot:
        await pilot.press("3")
        await see(pilot, "r recipe")
        await pilot.press("r")
        await see(pilot, "Sets nothing otherwise than the defaults.")
        await pilot.press(*"written")
        await see(pilot, "still-voice-4405 as written", "classify weight 10")
        await pilot.press(*["backspace"] * 7, *"qqq")
        await see(pilot, "nothing contains")
        assert "classify weight" not in shown(pilot)


def test_texts_that_would_be_cut_to_the_same_are_cut_where_they_differ() -> None:
    head, tail = "pre-training/the-whole-of-the-lab", "of-the-year-two-thousand-and-twenty.yml"
    texts = [f"{head}/red-cells-{tail}", f"{head}/white-cell-{tail}", "short.yml"]
    cut = cut_apart(texts, 44)
    assert len(set(cut)) == 3
    assert cut[2] == "short.yml"
    assert "/red-cells-" in cut[0]
    assert "/white-cell-" in cut[1]
    assert all(len(one) <= 44 for one in cut)
    assert cut_apart([texts[0], texts[0]], 44)[0] == cut_middle(texts[0], 44)
