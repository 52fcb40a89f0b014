"""Keys where there is nothing that they could act on, and texts for which there is no room."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot
from textual.widgets import Input

from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from tests.yogo_tui.test_screens_recipes import copy_defaults, recipes
from tests.yogo_tui.test_screens_shown import session
from yogo.recipe import knobs
from yogo_tui.app import Console
from yogo_tui.cluster.base import Queue
from yogo_tui.runs.model import Progress, RunState
from yogo_tui.screens.choose import LinePrompt
from yogo_tui.widgets.knob_form import help_of
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.widgets.run_head import RunHead


async def each_says(pilot: Pilot[None], keys: Sequence[str], words: str) -> None:
    """Each of these keys says that, and nothing else."""
    for key in keys:
        await pilot.press(key)
        await see(pilot, words)
        pilot.app.clear_notifications()
        await until(pilot, lambda: words not in shown(pilot))


async def test_without_a_run_each_key_of_the_list_says_so() -> None:
    async with Console(FakeSession()).run_test(size=(80, 24), notifications=True) as pilot:
        await see(pilot, "Runs appear here")
        await each_says(pilot, ["enter", *"cxruFyodw"], "There is no run to choose.")


async def test_on_a_folder_each_key_of_the_definitions_says_so(tmp_path: Path) -> None:
    async with Console(session(tmp_path), mode="datasets").run_test(size=(80, 24), notifications=True) as pilot:
        await see(pilot, "(median)")
        await pilot.press("up")
        await each_says(pilot, "vlecy", "defs is a folder.")
        await pilot.press("enter")
        await until(pilot, lambda: "cells.yml" not in shown(pilot))
        await pilot.press("enter", "down", "enter")
        await see(pilot, "[folders]  figures  0 problems")


async def test_without_definitions_each_key_says_so(tmp_path: Path) -> None:
    async with Console(FakeSession(folder=tmp_path), mode="datasets").run_test(
        size=(80, 24), notifications=True
    ) as pilot:
        await see(pilot, "Dataset definitions appear here")
        await each_says(pilot, [*"vlecy", "enter"], "There is no definition to choose.")
        await pilot.press("3")
        await see(pilot, "choose the data first")
        await each_says(pilot, "y", "There is no script to copy yet.")


async def test_a_recipe_that_cannot_be_read_is_neither_edited_nor_copied(tmp_path: Path) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "a.yaml").write_text("epochs: 1o\n")
    async with recipes(tmp_path) as pilot:
        await pilot.press("end")
        await see(pilot, "✖ unreadable")
        await each_says(pilot, ["enter", *"cy"], "a cannot be read.")
        assert "yogo train" not in shown(pilot)


async def test_keys_that_would_change_nothing_are_not_offered(tmp_path: Path) -> None:
    async with Console(session(tmp_path), mode="datasets").run_test(size=(80, 24), notifications=True) as pilot:
        await see(pilot, "(median)")
        await pilot.press("v")
        await see(pilot, "1 of 3", "n next", "f only some")
        assert "p previous" not in shown(pilot)
        await pilot.press("end")
        await see(pilot, "3 of 3", "p previous")
        assert "n next" not in shown(pilot)
        await pilot.press("4")
        await see(pilot, "── runs")
        await pilot.press("enter")
        await see(pilot, "best loss")
        await each_says(pilot, "nN", "Nothing is looked for.")
        await pilot.press("tab", "question_mark")
        await see(pilot, "zoom in")
        assert "zoom out" not in shown(pilot)


async def test_all_help_of_a_field_is_shown_in_the_smallest_terminal(tmp_path: Path) -> None:
    async with recipes(tmp_path) as pilot:
        await copy_defaults(pilot)
        for one in knobs():
            pilot.app.screen.query_one(f"#knob-{one.name}", Input).focus()
            await see(pilot, one.text.split()[0])
            await until(pilot, partial(has_all_help, pilot, one.name))


def has_all_help(pilot: Pilot[None], name: str) -> bool:
    right_half = " ".join(line[29:] for line in shown(pilot).splitlines())
    return " ".join(help_of(name).split()) in " ".join(right_half.split())


async def test_a_note_for_which_there_is_no_room_ends_in_a_sign(tmp_path: Path) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "a.yaml").write_text(f"note: {'word ' * 300}\n")
    async with recipes(tmp_path) as pilot:
        await pilot.press("end")
        await see(pilot, "word …")


async def test_a_value_or_a_default_for_which_a_field_has_no_room_shows_it(tmp_path: Path) -> None:
    async with recipes(tmp_path) as pilot:
        await copy_defaults(pilot)
        form = pilot.app.screen
        form.query_one("#knob-anchor_height", Input).focus()
        await see(pilot, "05551774140353888 …")
        form.query_one("#knob-model", Input).value = "quarter_filters"
        form.query_one("#knob-image_hw", Input).value = "64x64"
        await see(pilot, "(base_model)", "(772 × 1032)")


async def test_a_long_host_leaves_room_for_the_age_of_what_is_shown() -> None:
    made = FakeSession(make_run("calm-owl"))
    made.host.name = "somebody@login.of-a-cluster.with.a.long.name.example.org"
    async with Console(made).run_test(size=(80, 24)) as pilot:
        await see(pilot, "calm-owl")
        made.push(make_run("calm-owl"), stale="no answer")
        await see(pilot, " s old")
        first = shown(pilot).splitlines()[0]
        assert first.startswith(" 1 Datasets")
        assert "…" in first


@pytest.mark.parametrize("stale", ["", "no answer"])
async def test_the_head_of_a_run_names_it_whole(stale: str) -> None:
    run = make_run("still-creek-8779", progress=Progress(88.0, 256, 130.0, 21.4, 8))
    made = FakeSession(run)
    async with Console(made).run_test(size=(80, 24)) as pilot:
        await see(pilot, "still-creek-8779")
        await pilot.press("enter")
        await see(pilot, "best loss")
        head = pilot.app.screen.query_one(RunHead)
        head.seconds_left = 130.0
        head.queue = Queue(seen_at=pilot.app.runs.queue.seen_at, stale=stale)  # type: ignore[attr-defined]
        await see(pilot, " still-creek-8779 ", "▶ running", "88.0", "2 m", "old" if stale else "about")


async def test_epochs_that_have_no_room_for_a_fraction_are_shown_whole() -> None:
    run = make_run("calm-owl", RunState.FINISHED, progress=Progress(2000.0, 2000, None, 21.4, 8))
    async with Console(FakeSession(run)).run_test(size=(80, 24)) as pilot:
        await see(pilot, " 2000/2000 ")


@pytest.mark.parametrize("title", ["a" * 200, "漢字" * 60, "cells"])
@pytest.mark.parametrize("right", ["", "b" * 200, "漢字" * 60])
def test_a_rule_is_as_wide_as_its_place_and_shows_what_it_cuts(title: str, right: str) -> None:
    class Narrow(TitledRule):
        size = property(lambda _: type("Size", (), {"width": 49})())

    line = Narrow(title, right).render().plain
    assert cell_len(line) == 49
    assert line.count("…") == (len(title) > 100) + bool(right)


async def test_a_question_of_many_lines_leaves_the_line_to_type_in_on_the_screen() -> None:
    async with Console(FakeSession()).run_test(size=(80, 24)) as pilot:
        pilot.app.push_screen(LinePrompt("\n".join(f"line {number}" for number in range(40)), "typed"))
        await see(pilot, "typed", "esc leave")


async def test_what_is_wrong_with_a_field_is_shown_whole_where_it_is_not_in_view(tmp_path: Path) -> None:
    async with recipes(tmp_path) as pilot:
        await copy_defaults(pilot)
        pilot.app.screen.query_one("#knob-anchor_width", Input).focus()
        await pilot.press("minus", "3")
        pilot.app.screen.query_one("#knob-epochs", Input).focus()
        await see(pilot, "save is off: Anchor width must…", "✖ Anchor width must be greater than 0.0")
        assert "ctrl+s save" not in shown(pilot)
        await pilot.press("escape")
        await see(pilot, "Leave My Defaults")


async def test_what_is_wrong_with_a_setting_is_shown_whole_with_its_name(tmp_path: Path) -> None:
    async with Console(session(tmp_path)).run_test(size=(80, 24), notifications=True) as pilot:
        await see(pilot, "── runs")
        await pilot.press("f6")
        await see(pilot, "── settings")
        field = pilot.app.screen.query_one("#knob-partition", Input)
        field.value = "a part that is 'quoted'"
        pilot.app.screen.query_one("#knob-workspace", Input).focus()
        words = "✖ partition: \"a part that is 'quoted'\" cannot be used in an #SBATCH line: it holds a quote or a"
        await until(pilot, lambda: words in " ".join(shown(pilot).split()))
