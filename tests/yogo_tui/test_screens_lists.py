"""The list of runs: its figures, what is doubtful in them, and the keys that every list has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

from textual.pilot import Pilot
from textual.widgets import OptionList

from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from tests.yogo_tui.test_screens_runs import console, lines_of
from yogo.recipe import Recipe
from yogo.run import events
from yogo.run.launch import Outcome, Submission
from yogo.run.manifest import Manifest, WandbRun
from yogo_tui.questions.definitions import DefinitionFile
from yogo_tui.runs.model import Run, RunState
from yogo_tui.screens.recipes import PresetList
from yogo_tui.settings import Settings
from yogo_tui.widgets.definitions_tree import Definitions
from yogo_tui.widgets.runs_table import RunsTable


def refused(name: str) -> Run:
    """A launch that came to nothing."""
    run = make_run(name, RunState.FAILED, job=None)
    assert run.launch
    submission = Submission(cluster="slurm", outcome=Outcome.REFUSED, detail="invalid account")
    return replace(run, launch=run.launch.model_copy(update={"submissions": (submission,)}))


def text(pilot: Pilot[None]) -> str:
    """What is on the screen, without its lines and frames."""
    return " ".join(shown(pilot).replace("│", " ").split())


def weighted(name: str, weight: float, hours: float) -> Run:
    run = make_run(name, RunState.FINISHED, hours=hours)
    assert run.launch
    recipe = run.launch.recipe.model_copy(update={"iou_weight": weight})
    return replace(run, launch=run.launch.model_copy(update={"recipe": recipe}))


async def test_a_run_has_its_map50_beside_its_best_loss() -> None:
    async with console(FakeSession(make_run("calm-owl-1", map50=0.7812), make_run("bold-owl-2", map50=None))) as pilot:
        await until(pilot, lambda: lines_of(pilot, "calm-owl-1"))
        assert "best loss" in lines_of(pilot, "mAP50")[0]
        assert "21.4" in lines_of(pilot, "calm-owl-1")[0]
        assert ".781" in lines_of(pilot, "calm-owl-1")[0]
        assert lines_of(pilot, "bold-owl-2")[0].count(".") == 2  # epoch and loss


async def test_losses_under_other_weights_are_marked_and_the_mark_is_explained() -> None:
    runs = [weighted("calm-owl-1", 5.0, 3), weighted("odd-owl-2", 1.0, 2), weighted("bold-owl-3", 5.0, 1)]
    session = FakeSession(*runs)
    async with console(session) as pilot:
        await until(pilot, lambda: lines_of(pilot, "odd-owl-2"))
        assert "≠ 21.4" in lines_of(pilot, "odd-owl-2")[0]
        assert "≠" not in lines_of(pilot, "calm-owl-1")[0]
        assert "not comparable" in lines_of(pilot, "── runs")[0]
        session.push(runs[0], runs[2])
        await until(pilot, lambda: not lines_of(pilot, "odd-owl-2"))
        assert "≠" not in shown(pilot)


async def test_a_run_whose_numbers_cannot_be_right_says_so_in_the_list_and_in_its_own_screen() -> None:
    run = make_run("calm-owl-1", RunState.FINISHED, map50=0.0, doubts=("mAP50 is 0 in every epoch.",))
    async with console(FakeSession(run)) as pilot:
        await until(pilot, lambda: "! mAP50 is 0 in every epoch" in shown(pilot))
        assert "! .000" in lines_of(pilot, "calm-owl-1")[0]
        await pilot.press("enter")
        await until(pilot, lambda: "── log" in shown(pilot) and "! mAP50 is 0 in every epoch" in shown(pilot))


async def test_a_filter_is_edited_by_a_second_slash_and_left_by_escape_in_the_list() -> None:
    session = FakeSession(make_run("calm-bear-1"), make_run("bold-bear-2"), make_run("calm-lynx-3"))
    async with console(session) as pilot:
        await until(pilot, lambda: "calm-lynx-3" in shown(pilot))
        await pilot.press("slash", *"lynx", "enter")
        await until(pilot, lambda: "1 of 3 runs" in shown(pilot))
        await pilot.press("slash", *"calm", "enter")
        await until(pilot, lambda: "2 of 3 runs" in shown(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: lines_of(pilot, "bold-bear-2") and "of 3" not in shown(pilot))


async def test_j_k_g_and_home_and_end_move_in_the_list() -> None:
    session = FakeSession(*(make_run(f"owl-{number}", hours=number + 1) for number in range(40)))
    async with console(session) as pilot:
        await until(pilot, lambda: "owl-0" in shown(pilot))
        table = pilot.app.screen.query_one(RunsTable)
        where = []
        for key in ("j", "k", "G", "g", "end", "home"):
            await pilot.press(key)
            await pilot.pause()
            where.append(table.cursor_row)
        assert where == [1, 0, 39, 0, 39, 0]


async def test_the_same_keys_move_among_definitions_and_recipes_and_escape_shows_all_definitions_again() -> None:
    session = FakeSession()
    root = Path("/lab/dataset_defs")
    session.definition_files = tuple(DefinitionFile(root / f"cells-{number}.yml", root) for number in range(9))
    async with console(session) as pilot:
        await pilot.press("1")
        await until(pilot, lambda: "cells-8.yml" in shown(pilot))
        tree = pilot.app.screen.query_one(Definitions)
        lines = []
        for key in ("G", "g", "j", "k", "end", "home"):
            await pilot.press(key)
            await pilot.pause()
            lines.append(tree.cursor_line)
        assert lines == [9, 0, 1, 0, 9, 0]
        await pilot.press("slash", *"cells-8", "enter")
        await until(pilot, lambda: "cells-7.yml" not in shown(pilot))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: "cells-7.yml" in shown(pilot))
        await pilot.press("2")
        await until(pilot, lambda: "── recipes" in shown(pilot))
        presets = pilot.app.screen.query_one(PresetList)
        marked = []
        for key in ("G", "k", "g", "j"):
            await pilot.press(key)
            await pilot.pause()
            marked.append(presets.highlighted)
        last = presets.option_count - 1
        assert marked == [last, last - 1, 0, 1]


async def test_home_end_and_pages_move_in_a_list_to_choose_from_while_letters_narrow_it() -> None:
    async with console(FakeSession(make_run("calm-owl-1"))) as pilot:
        await until(pilot, lambda: lines_of(pilot, "calm-owl-1"))
        await pilot.press("s")
        await until(pilot, lambda: "sort the runs" in shown(pilot))
        options, where = pilot.app.screen.query_one(OptionList), []
        for key in ("end", "up", "home", "pagedown", "pageup", "down"):
            await pilot.press(key)
            await pilot.pause()
            where.append(options.highlighted)
        last = options.option_count - 1
        assert where[:3] == [last, last - 1, 0]
        assert (where[3] or 0) > 1
        assert where[4:] == [0, 1]
        await pilot.press("home", *"map", "enter")
        await until(pilot, lambda: "by mAP50 ↓" in shown(pilot))


async def test_r_goes_on_with_a_run_after_asking_from_where() -> None:
    recipe = Recipe(epochs=16)
    manifest = Manifest(
        name="calm-owl-1", definition="/lab/d.yml", classes=("a",), recipe=recipe, precision="fp32", world_size=4
    )
    run, folder = make_run("calm-owl-1", RunState.STOPPED, manifest=manifest), PurePosixPath("/lab/trained_models")
    session = FakeSession(run)
    started = events.Started(epochs=16, steps_per_epoch=10, num_train=40, num_val=4)
    saved = events.Checkpointed(step=96, epoch=9, file="last.pth")
    lines = "".join(f"{event.model_dump_json()}\n" for event in (started, saved))
    session.host.files |= {
        folder / "calm-owl-1/last.pth": b"weights",
        folder / "calm-owl-1/events.jsonl": lines.encode(),
    }
    async with console(session) as pilot:
        await until(pilot, lambda: "■ stopped" in shown(pilot))
        await pilot.press("r")
        await until(pilot, lambda: "continues calm-owl-1? It resumes from epoch 9.6" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: session.cluster.submitted == [folder / "calm-owl-1/job-2.sbatch"])


async def test_a_run_of_one_process_does_not_go_on_with_another_size() -> None:
    manifest = Manifest(name="calm-owl-1", definition="/lab/d.yml", classes=("a",), recipe=Recipe(), precision="fp32")
    session = FakeSession(make_run("calm-owl-1", RunState.STOPPED, manifest=manifest, has_best=True))
    async with console(session) as pilot:
        await until(pilot, lambda: "■ stopped" in shown(pilot))
        await pilot.press("r")
        await until(pilot, lambda: "calm-owl-1 trains on 1 process, and its batches would differ on 4" in text(pilot))


async def test_a_run_that_cannot_go_on_says_why() -> None:
    session = FakeSession(make_run("calm-owl-1"))
    async with console(session) as pilot:
        await until(pilot, lambda: "calm-owl-1" in shown(pilot))
        await pilot.press("r")
        await until(pilot, lambda: "calm-owl-1 is running: job job-calm-owl-1 has it" in shown(pilot))
        assert session.cluster.submitted == []


async def test_enter_does_not_cancel_a_run_and_a_wrong_key_says_what_is_asked() -> None:
    session = FakeSession(make_run("calm-owl-1"))
    async with console(session) as pilot:
        await until(pilot, lambda: "calm-owl-1" in shown(pilot))
        await pilot.press("x")
        await until(pilot, lambda: "y yes   n no" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "enter is not an answer" in shown(pilot))
        await pilot.press("q")
        await until(pilot, lambda: "q is not an answer" in shown(pilot))
        assert session.cluster.cancelled == []
        await pilot.press("y")
        await until(pilot, lambda: session.cluster.cancelled == ["job-calm-owl-1"])


async def test_the_run_that_was_just_launched_is_the_one_that_is_selected() -> None:
    old = make_run("old-oak-1", hours=9)
    session = FakeSession(old)
    async with console(session) as pilot:
        await until(pilot, lambda: "old-oak-1" in shown(pilot))
        pilot.app.show_runs("calm-owl-1")  # type: ignore[attr-defined]
        first, behind = make_run("calm-owl-1", hours=0.1), make_run("bold-owl-2", RunState.WAITING, hours=0.05)
        session.push(behind, first, old)
        await until(pilot, lambda: "bold-owl-2" in shown(pilot))
        selected = pilot.app.screen.query_one(RunsTable).selected
        assert selected
        assert selected.name == "calm-owl-1"


async def test_a_filter_that_hides_the_run_that_was_just_launched_is_cleared() -> None:
    old = make_run("old-oak-1", hours=9)
    session = FakeSession(old)
    async with console(session) as pilot:
        await pilot.press("slash", *"oak", "enter")
        await see(pilot, "old-oak-1")
        pilot.app.show_runs("calm-owl-1")  # type: ignore[attr-defined]
        session.push(make_run("bold-owl-2"), old)
        await until(pilot, lambda: len(pilot.app.runs.runs) == 2)  # type: ignore[attr-defined]
        assert "bold-owl-2" not in shown(pilot)
        session.push(make_run("calm-owl-1", hours=0.1), old)
        await see(pilot, "the filter is cleared", "calm-owl-1", "old-oak-1")
        selected = pilot.app.screen.query_one(RunsTable).selected
        assert selected
        assert selected.name == "calm-owl-1"


async def test_a_run_begun_in_a_shell_says_where_its_output_went_and_what_it_is() -> None:
    manifest = Manifest(
        name="shell-owl-1",
        definition="/lab/cells.yml",
        classes=("a",),
        recipe=Recipe(),
        precision="fp32",
        note="the second try",
        tags=("thin", "blood"),
        wandb=WandbRun(mode="online", url="https://wandb.ai/lab/yogo/runs/7"),
    )
    words = "It was started outside the queue: its output went to that terminal."
    run = make_run("shell-owl-1", launch=None, job=None, log=None, manifest=manifest, no_log=words)
    async with console(FakeSession(run), (120, 40)) as pilot:
        await until(pilot, lambda: "shell-owl-1" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "It was started outside the queue: its output" in shown(pilot))
        await pilot.press("d")
        await until(pilot, lambda: "the second try" in shown(pilot))
        for said in ("/lab/cells.yml", "thin, blood", "train", "https://wandb.ai/lab/yogo/runs/7"):
            assert said in shown(pilot)


async def test_a_queue_that_does_not_answer_yet_is_waited_for_in_words_with_the_runs_in_view() -> None:
    session = FakeSession()
    async with console(session) as pilot:
        session.push_folders(make_run("calm-owl-1"))
        await until(pilot, lambda: "calm-owl-1" in shown(pilot))
        assert "Waiting for the cluster to say what is in its queue" in shown(pilot)
        session.push(make_run("calm-owl-1"))
        await until(pilot, lambda: "Waiting for the cluster" not in shown(pilot))


async def test_a_cluster_that_cannot_be_asked_is_told_where_there_are_no_runs_yet() -> None:
    session = FakeSession()
    async with console(session) as pilot:
        session.push_folders(stale="squeue cannot be asked. To run jobs on this machine: cluster: local")
        await until(pilot, lambda: "! squeue cannot be asked. To run jobs on this machine:" in shown(pilot))
        assert "Press 3 to launch the first one" in shown(pilot)
        assert "Looking for runs" not in shown(pilot)


async def test_a_run_is_used_from_the_list_as_from_its_own_screen() -> None:
    session = FakeSession(make_run("calm-owl-1", RunState.FINISHED, has_best=True))
    async with console(session) as pilot:
        await until(pilot, lambda: lines_of(pilot, "calm-owl-1"))
        await pilot.press("u")
        await until(pilot, lambda: "use calm-owl-1" in shown(pilot))
        await pilot.press(*"export", "enter")
        await until(pilot, lambda: "crop height" in shown(pilot))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "Submit a job that exports calm-owl-1" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: session.cluster.submitted)
        assert b"--job-name=calm-owl-1-export" in session.host.files[session.cluster.submitted[0]]


async def test_the_name_of_a_launch_that_came_to_nothing_is_freed_by_a_key() -> None:
    trained = make_run("bold-owl-2", RunState.FINISHED, has_best=True, hours=9)
    session = FakeSession(refused("calm-owl-1"), trained)
    async with console(session) as pilot:
        await until(pilot, lambda: lines_of(pilot, "calm-owl-1"))
        await pilot.press("F")
        await until(pilot, lambda: "Forget calm-owl-1, and free its name?" in shown(pilot))
        await pilot.press("y")
        await until(pilot, lambda: "calm-owl-1 is forgotten" in shown(pilot))
        session.push(trained)
        await until(pilot, lambda: " 1 run " in shown(pilot))
        await pilot.press("F")
        await until(pilot, lambda: "✖ bold-owl-2 was not forgotten" in shown(pilot))


async def test_a_launch_that_became_a_job_is_not_forgotten_though_it_never_trained() -> None:
    async with console(FakeSession(make_run("calm-owl-1", RunState.FAILED, job=None))) as pilot:
        await until(pilot, lambda: lines_of(pilot, "calm-owl-1"))
        await pilot.press("F")
        await until(pilot, lambda: "calm-owl-1 is more than a failed launch" in text(pilot))


async def test_a_run_is_forgotten_from_its_own_screen_which_then_gives_way_to_the_list() -> None:
    session = FakeSession(refused("calm-owl-1"), make_run("bold-owl-2", hours=9))
    async with console(session) as pilot:
        await until(pilot, lambda: lines_of(pilot, "calm-owl-1"))
        await pilot.press("enter")
        await until(pilot, lambda: "── log" in shown(pilot))
        await pilot.press("F")
        await until(pilot, lambda: "Forget calm-owl-1" in shown(pilot))
        await pilot.press("y")
        await until(pilot, lambda: "── runs" in shown(pilot))


async def test_a_filter_that_nothing_passes_says_so_and_the_cursor_is_where_it_was_before_it() -> None:
    session = FakeSession(make_run("calm-bear-1", hours=1), make_run("bold-bear-2", hours=2))
    async with console(session) as pilot:
        await until(pilot, lambda: lines_of(pilot, "bold-bear-2"))
        await pilot.press("j", "slash", *"lynx")
        await until(pilot, lambda: "No run is as “lynx” says." in shown(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: lines_of(pilot, "bold-bear-2") and "No run has" not in shown(pilot))
        selected = pilot.app.screen.query_one(RunsTable).selected
        assert selected
        assert selected.name == "bold-bear-2"


async def test_a_wide_terminal_shows_data_and_recipe_and_no_more_room_for_names_than_they_need() -> None:
    session = FakeSession(make_run("calm-owl-1"), make_run("patient-thunder-0727", hours=3))
    session.settings = Settings(preview=False)
    async with console(session, (160, 45)) as pilot:
        await until(pilot, lambda: lines_of(pilot, "calm-owl-1"))
        head, row = lines_of(pilot, "best loss")[0], lines_of(pilot, "calm-owl-1")[0]
        assert (head.index("data"), head.index("recipe")) == (row.index("cells.yml"), row.rindex("pretrain"))
        assert head.index("kind") - head.index("name") == len("patient-thunder-0727") + 2
        session.push(make_run("calm-owl-1"), make_run("a-name-that-is-longer-than-theirs-0728"))
        await until(pilot, lambda: lines_of(pilot, "a-name-that-is-longer-than-theirs-0728"))


async def test_the_names_that_the_console_gives_are_whole_at_80_columns() -> None:
    async with console(FakeSession(make_run("serene-stream-6739"))) as pilot:
        await until(pilot, lambda: lines_of(pilot, "▶ running"))
        assert "serene-stream-6739" in lines_of(pilot, "▶ running")[0]


async def test_a_list_to_choose_from_says_when_nothing_is_what_was_typed() -> None:
    async with console(FakeSession(make_run("calm-owl-1", RunState.FINISHED, has_best=True))) as pilot:
        await until(pilot, lambda: lines_of(pilot, "calm-owl-1"))
        await pilot.press("u", *"zebra")
        await until(pilot, lambda: "nothing contains “zebra”" in shown(pilot))
        await pilot.press("enter")
        await pilot.press(*["backspace"] * 5)
        await until(pilot, lambda: "export it" in shown(pilot) and "nothing contains" not in shown(pilot))


async def test_a_column_in_the_settings_that_is_not_there_is_told_and_the_list_is_shown() -> None:
    session = FakeSession(make_run("calm-owl-1"))
    session.settings = session.settings.model_copy(update={"columns": ("name", "agee")})
    async with console(session) as pilot:
        await until(pilot, lambda: lines_of(pilot, "calm-owl-1"))
        assert 'There is no column "agee". Did you mean "age"' in shown(pilot)
        assert "mAP50" in shown(pilot)
