"""Recipes: a form that comes from the recipe's own fields, and files that are never overwritten unseen."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from tests.yogo_tui.fake_session import FakeSession, see, shown, until
from yogo.presets import load
from yogo.recipe import Recipe, applied, knobs
from yogo_tui.app import Console
from yogo_tui.screens.recipes import RecipesScreen
from yogo_tui.widgets.knob_form import KnobForm, KnobInput, help_of
from yogo_tui.words import as_typed


@asynccontextmanager
async def recipes(folder: Path) -> AsyncIterator[Pilot[None]]:
    app = Console(FakeSession(folder=folder), mode="recipes")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: "── Defaults" in shown(pilot))
        yield pilot


async def copy_defaults(pilot: Pilot[None]) -> None:
    await pilot.press("c")
    await see(pilot, "title of your copy")
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.focused, KnobInput))


async def type_over(pilot: Pilot[None], field: str, words: str) -> None:
    pilot.app.screen.query_one(f"#knob-{field}", Input).focus()
    await pilot.press("home", "shift+end", "delete", *words)


async def test_what_is_typed_into_a_field_that_was_filled_under_the_cursor_replaces_it(
    tmp_path: Path,
) -> None:
    """As it is after a copy, which is shown in the form once the list has it."""
    async with recipes(tmp_path) as pilot:
        await copy_defaults(pilot)
        await see(pilot, "My Defaults", "0 set")
        screen = pilot.app.screen
        assert isinstance(screen, RecipesScreen)
        screen.show()
        await pilot.press("3")
        await see(pilot, "1 set")
        await until(pilot, lambda: re.search(r"Epochs +3 +\(64\)", shown(pilot)))


async def test_every_knob_has_a_field_and_its_help(tmp_path: Path) -> None:
    async with recipes(tmp_path) as pilot:
        form = pilot.app.screen.query_one(KnobForm)
        for one in knobs():
            assert form.query_one(f"#knob-{one.name}", Input).value == as_typed(one.field.default)
            assert one.text
            assert one.text in help_of(one.name)


async def test_what_was_typed_is_not_lost_to_a_step_in_the_list(tmp_path: Path) -> None:
    async with recipes(tmp_path) as pilot:
        await copy_defaults(pilot)
        await type_over(pilot, "epochs", "7")
        await see(pilot, "--epochs 7")
        await pilot.press("shift+tab", "up", "up")
        assert "--epochs 7" in shown(pilot)
        await pilot.press("escape")
        await see(pilot, "without saving")
        await pilot.press("y")
        await until(pilot, lambda: "--epochs 7" not in shown(pilot))
        await pilot.press("up", "up")
        await see(pilot, "built in")


async def test_a_copy_is_edited_and_saved_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "recipes" / "my-defaults.yaml"
    async with recipes(tmp_path) as pilot:
        await copy_defaults(pilot)
        await type_over(pilot, "epochs", "7")
        await see(pilot, "(64)", "--epochs 7", "How often the run passes over the training set.")
        await pilot.press("ctrl+s")
        await see(pilot, "saved as my-defaults.yaml")
        assert load(path).recipe.epochs == 7
        assert load(path).note == "Copied from Defaults."
        await type_over(pilot, "epochs", "8")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: load(path).recipe.epochs == 8)


async def test_a_letter_in_a_number_is_said_under_the_field_and_cannot_be_saved(tmp_path: Path) -> None:
    path = tmp_path / "recipes" / "my-defaults.yaml"
    async with recipes(tmp_path) as pilot:
        await copy_defaults(pilot)
        await type_over(pilot, "epochs", "7x")
        await see(pilot, "✖ must be a whole number", "save is off: Epochs")
        await pilot.press("ctrl+s")
        await see(pilot, "not saved")
        assert load(path).recipe.epochs == 64


async def test_a_file_that_was_edited_elsewhere_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "recipes" / "my-defaults.yaml"
    async with recipes(tmp_path) as pilot:
        await copy_defaults(pilot)
        path.write_text("title: theirs\nepochs: 99\n")
        await type_over(pilot, "epochs", "7")
        await pilot.press("ctrl+s")
        await see(pilot, "was not saved", "edited elsewhere")
        assert load(path).recipe.epochs == 99


async def test_leaving_unsaved_changes_is_asked_about(tmp_path: Path) -> None:
    async with recipes(tmp_path) as pilot:
        await copy_defaults(pilot)
        await type_over(pilot, "epochs", "7")
        await pilot.press("escape")
        await see(pilot, "without saving")
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.focused, KnobInput))
        await pilot.press("escape")
        await see(pilot, "without saving")
        await pilot.press("y")
        await until(pilot, lambda: not isinstance(pilot.app.focused, KnobInput) and "--epochs 7" not in shown(pilot))


async def test_deleting_asks_and_built_in_ones_stay(tmp_path: Path) -> None:
    path = tmp_path / "recipes" / "my-defaults.yaml"
    async with recipes(tmp_path) as pilot:
        await pilot.press("x")
        await see(pilot, "it is built in and stays")
        await copy_defaults(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.focused, KnobInput))
        await pilot.press("x")
        await see(pilot, "Delete My Defaults?")
        await pilot.press("y")
        await until(pilot, lambda: not path.exists())


async def test_an_unreadable_preset_says_why(tmp_path: Path) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "a.yaml").write_text("epochs: 1o\n")
    async with recipes(tmp_path) as pilot:
        await pilot.press("end")
        await see(pilot, "✖ unreadable", "a.yaml, line 1: epochs must be a whole number")


def test_what_is_typed_is_read_back_as_it_is_shown() -> None:
    assert applied(Recipe(), {one.name: as_typed(one.field.default) for one in knobs()}) == Recipe()


async def test_what_was_typed_is_undone_field_by_field_and_done_again(tmp_path: Path) -> None:
    async with recipes(tmp_path) as pilot:
        await copy_defaults(pilot)
        field = {name: pilot.app.screen.query_one(f"#knob-{name}", Input) for name in ("epochs", "batch_size")}
        await pilot.press("ctrl+z")
        await see(pilot, "nothing to undo")
        await pilot.press(*"12", "enter", *"7")
        assert [one.value for one in field.values()] == ["12", "7"]
        await pilot.press("ctrl+z")
        assert [one.value for one in field.values()] == ["12", "64"]
        await pilot.press("ctrl+z")
        await until(pilot, lambda: pilot.app.focused is field["epochs"])
        assert [one.value for one in field.values()] == ["64", "64"]
        await until(pilot, lambda: "--epochs" not in shown(pilot))
        await pilot.press("ctrl+y", "ctrl+y")
        assert [one.value for one in field.values()] == ["12", "7"]
        await see(pilot, "--epochs 12", "--batch-size 7")
        await pilot.press("ctrl+z", *"9")
        await pilot.press("ctrl+y")
        await see(pilot, "nothing to redo")


async def test_enter_and_the_arrows_go_from_field_to_field(tmp_path: Path) -> None:
    async with recipes(tmp_path) as pilot:
        await copy_defaults(pilot)
        names = [one.name for one in knobs()]

        def focused() -> str:
            field = pilot.app.focused
            return str(field.name) if isinstance(field, KnobInput) else ""

        assert focused() == names[0]
        for key, name in (("enter", names[1]), ("down", names[2]), ("up", names[1]), ("up", names[0])):
            await pilot.press(key)
            await until(pilot, partial(lambda name: focused() == name, name))
        await pilot.press("up")
        assert focused() == names[0]
        await pilot.press(*["down"] * (len(names) + 2))
        await until(pilot, lambda: focused() == names[-1])
        await see(pilot, "── My Defaults")
        await pilot.press("enter")
        assert focused() == names[-1]
        await see(pilot, "This is the last field.")


async def test_the_last_line_says_how_to_move_in_the_form_and_how_to_leave_it(tmp_path: Path) -> None:
    async with recipes(tmp_path) as pilot:
        await copy_defaults(pilot)
        await see(pilot, "enter next field", "ctrl+s save", "esc back to the list", "f1 help")
        assert shown(pilot).count("next field") == 1
        await pilot.press("escape")
        await see(pilot, "enter edit", "c copy to edit", "l launch", "x delete", "? help")


async def test_the_default_stands_whole_beside_a_field_that_says_something_else(tmp_path: Path) -> None:
    async with recipes(tmp_path) as pilot:
        await copy_defaults(pilot)
        await type_over(pilot, "learning_rate", "0.002")
        await see(pilot, "(0.0003)")
        await type_over(pilot, "anchor_width", "0.1")
        await see(pilot, "(0.042501)")


async def test_a_recipe_that_another_console_saved_is_in_the_list_when_one_comes_back_to_it(tmp_path: Path) -> None:
    async with recipes(tmp_path) as pilot:
        await pilot.press("4")
        await until(pilot, lambda: "── Defaults" not in shown(pilot))
        (tmp_path / "recipes").mkdir(exist_ok=True)
        (tmp_path / "recipes" / "theirs.yaml").write_text("title: Theirs\nepochs: 3\n")
        await pilot.press("2")
        await see(pilot, "Theirs", "── Defaults")
