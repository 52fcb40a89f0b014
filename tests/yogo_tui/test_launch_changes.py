"""Launch: fields of the recipe and of the size that are changed for one launch alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from tests.yogo_tui.test_screens_launch import FILES, launch_screen
from yogo.presets import builtin
from yogo.recipe import Recipe, UnfitValues, knobs
from yogo_tui.screens.form_dialog import DialogInput
from yogo_tui.screens.going import Draft
from yogo_tui.session.changes import Setup, changed, size_knobs
from yogo_tui.session.wanted import Wanted
from yogo_tui.settings import SizePreset
from yogo_tui.widgets.knob_form import help_of
from yogo_tui.words import as_typed

PRETRAIN = next(one for one in builtin() if one.slug == "pretrain")


async def open_form(pilot: Pilot[None]) -> None:
    await see(pilot, "✔ bash -n")
    await pilot.press("c")
    await see(pilot, "ctrl+s keep 0 changes")


async def type_into(pilot: Pilot[None], field: str, words: str) -> None:
    pilot.app.screen.query_one(f"#knob-{field}", Input).focus()
    await pilot.press("home", "shift+end", "delete", *words)


async def test_what_is_changed_for_one_launch_is_shown_asked_about_and_launched() -> None:
    session = FakeSession()
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "✔ bash -n")
        await pilot.press("w")
        await see(pilot, "3 of 8 GPUs were free")
        await open_form(pilot)
        await pilot.press(*"3", "enter", *"8")
        await see(pilot, "ctrl+s keep 2 changes", "3                  (64)", "Images per batch")
        await type_into(pilot, "hours", "2")
        await pilot.press("ctrl+s")
        await see(pilot, "Defaults + 2 changes", "epochs 3 (64)", "batch_size 8 (64)", "1 GPU, 2 h", "hours 2 (24)")
        await pilot.press("enter")
        await see(
            pilot, "Submit chaos-cat-0001 (cells.yml, Defaults + 2 changes, 3 epochs; 1", "For this launch alone: "
        )
        await pilot.press("y")
        await until(pilot, lambda: session.launched)
        await pilot.press("3")
        await see(pilot, "chaos-cat-0002", "✔ bash -n", "w asks when each would start")
        assert "1 GPU, 24 h" in shown(pilot)
        assert "2 changes" not in shown(pilot)
    (plan,) = session.launched
    assert plan.recipe == Recipe(epochs=3, batch_size=8)
    assert (plan.size.hours, plan.size.gpus) == (2, 1)
    assert [str(one) for one in plan.changes] == [
        "epochs 3, and not 64",
        "batch_size 8, and not 64",
        "hours 2, and not 24",
    ]


async def test_a_change_that_cannot_be_is_said_at_its_field_and_not_kept() -> None:
    async with launch_screen(FakeSession(), FILES[:1]) as pilot:
        await open_form(pilot)
        await type_into(pilot, "nodes", "3")
        await see(pilot, "✖ gpus: 1 cannot be shared equally by 3 nodes")
        await pilot.press("ctrl+s")
        await see(pilot, "not kept")
        await pilot.press("ctrl+r")
        await see(pilot, "ctrl+s keep 0 changes")
        await pilot.press("escape")
        await see(pilot, "enter launch")


async def test_leaving_the_changes_asks_where_something_would_be_lost() -> None:
    async with launch_screen(FakeSession(), FILES[:1]) as pilot:
        await open_form(pilot)
        await pilot.press(*"3", "escape")
        await see(pilot, "Leave the changes that you typed?")
        await pilot.press("n")
        await see(pilot, "ctrl+s keep 1 change ")
        await pilot.press("escape")
        await see(pilot, "Leave the changes that you typed?")
        await pilot.press("y")
        await see(pilot, "r recipe Defaults ", "enter launch")


async def test_another_recipe_or_size_is_chosen_as_it_is() -> None:
    async with launch_screen(FakeSession(), FILES[:1]) as pilot:
        await open_form(pilot)
        await pilot.press(*"3")
        await type_into(pilot, "hours", "2")
        await pilot.press("ctrl+s")
        await see(pilot, "Defaults + 1 change", "hours 2 (24)")
        await pilot.press("g")
        await see(pilot, "Defaults + 1 change", "2 GPUs, 16 h")
        assert "hours 2 (24)" not in shown(pilot)
        await pilot.press("r")
        await see(pilot, "type to narrow")
        await pilot.press(*"pre-train", "enter")
        await see(pilot, "r recipe Pre-train", "3 differences")


async def test_set_up_lines_are_changed_for_one_launch_alone() -> None:
    session = FakeSession()
    async with launch_screen(session, FILES[:1]) as pilot:
        await open_form(pilot)
        await type_into(pilot, "setup", "module load cuda; export A=1")
        await see(pilot, "Set-up lines", "Put ; between several")
        await pilot.press("ctrl+s")
        await see(pilot, "setup module load cuda;", "export A=1 (by default)")
        await pilot.press("enter")
        await see(pilot, "Submit chaos-cat-0001")
        await pilot.press("y")
        await until(pilot, lambda: session.launched)
    assert session.launched[0].size.setup == ("module load cuda", "export A=1")


async def test_the_size_of_a_run_that_the_settings_have_no_more_goes_on_to_the_first_of_theirs() -> None:
    session = FakeSession()
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "✔ bash -n")
        odd = SizePreset(gpus=3, cpus=5, hours=7, template="1gpu.sbatch")
        pilot.app.open_launch(Draft(whole=Wanted("again", odd, PRETRAIN, FILES[0].path)))  # type: ignore[attr-defined]
        await see(pilot, "3 GPUs, 7 h")
        await pilot.press("g")
        await see(pilot, "1 GPU, 24 h")


async def test_what_the_weights_of_a_fine_tune_decide_cannot_be_changed() -> None:
    async with launch_screen(FakeSession(make_run("calm-bear-1")), FILES[:1], mode="runs") as pilot:
        await see(pilot, "calm-bear-1", "c fine-tune from it")
        await pilot.press("c")
        await see(pilot, "calm-bear-1's best.pth")
        await open_form(pilot)
        fields = pilot.app.screen.query(DialogInput)
        assert {field.name for field in fields if field.disabled} == {one.name for one in knobs() if one.knob.inherited}
        pilot.app.screen.query_one("#knob-sync_batch_norm", Input).focus()
        await see(pilot, "the weights decide")


async def test_the_fine_tune_behind_a_run_has_changes_of_its_own() -> None:
    session = FakeSession()
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "✔ bash -n")
        await pilot.press("n")
        await see(pilot, "then fine-tune on")
        await pilot.press("enter")
        await see(pilot, "with the recipe")
        await pilot.press("enter")
        await see(pilot, "with Fine-tune")
        await pilot.press("c")
        await see(pilot, "change what is launched as")
        await pilot.press("down", "enter")
        await see(pilot, "for chaos-cat-0002 alone: Fine-tune")
        await pilot.press(*"9", "ctrl+s")
        await see(pilot, "with Fine-tune + 1 change", "epochs 9 (256)")
        await pilot.press("enter")
        await see(pilot, "change, 9 epochs)?", "For chaos-cat-0002 alone: epochs 9, and not 256.")
        await pilot.press("y")
        await until(pilot, lambda: len(session.launched) == 2)
    first, second = session.launched
    assert (first.recipe.epochs, second.recipe.epochs) == (64, 9)


@pytest.mark.parametrize("one", size_knobs(), ids=lambda one: one.name)
def test_every_field_of_a_size_has_its_help(one: object) -> None:
    assert one.text  # type: ignore[attr-defined]
    assert one.text in help_of(one.name)  # type: ignore[attr-defined]


def test_the_fields_of_a_recipe_and_of_a_size_have_different_names() -> None:
    assert not set(Recipe.model_fields) & set(SizePreset.model_fields)


def test_each_field_of_a_size_is_read_as_it_is_shown() -> None:
    options = ("--exclusive", "--mail-type=END")
    lines = ("module load cuda", "export NAMES='a; b'")
    many = {"sbatch": options, "setup": lines, "memory_gib": 12.5, "qos": ""}
    size = SizePreset.model_validate({"gpus": 2, "cpus": 8, "hours": 2.5, "template": "2gpu.sbatch", **many})
    base = Setup(Recipe(), size)
    shown = {one.name: as_typed(getattr(size, one.name)) for one in size_knobs()}
    other = Setup(Recipe(), SizePreset(gpus=1, cpus=1, hours=1, template="1gpu.sbatch"))
    assert changed(base, shown) == base
    assert changed(other, shown).size == size.model_copy(update={"qos": None})
    assert changed(base, {"sbatch": "", "memory_gib": ""}).size.sbatch is None
    assert changed(base, {"setup": ""}).size.setup is None
    assert changed(base, {"setup": "none"}).size.setup == ()
    assert as_typed(changed(base, {"setup": "none"}).size.setup) == "none"
    assert changed(base, {"setup": "a; case $x in b) c;; esac ;"}).size.setup == ("a", "case $x in b) c;; esac")
    with pytest.raises(UnfitValues, match="sbatch"):
        changed(base, {"sbatch": "exclusive"})


def test_a_choice_of_size_or_recipe_takes_its_changes_with_it() -> None:
    size = SizePreset(gpus=1, cpus=2, hours=3, template="1gpu.sbatch")
    wanted = Wanted("one", size, PRETRAIN, own_recipe=Recipe(epochs=1), own_size=size.model_copy(update={"hours": 9}))
    assert {one.field for one in wanted.changes} > {"epochs", "hours"}
    assert wanted.with_preset(PRETRAIN).with_size(size).changes == ()
    assert replace(wanted, own_recipe=None).changes[0].field == "hours"
