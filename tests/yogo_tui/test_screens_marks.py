"""Marks in the list of runs, and the keys that act on all that is marked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

from textual.pilot import Pilot

from tests.yogo_tui.fake_session import FakeSession, make_run, shown, until
from tests.yogo_tui.test_screens_lists import text
from tests.yogo_tui.test_screens_runs import console, lines_of
from yogo.recipe import Recipe
from yogo.run import events
from yogo.run.manifest import Manifest
from yogo_tui.runs.model import Run, RunState
from yogo_tui.widgets.runs_table import RunsTable

NAMES = ("a-owl", "b-owl", "c-fox", "d-elm")


def session(state: RunState = RunState.RUNNING) -> FakeSession:
    runs = (make_run(name, state, hours=hours) for hours, name in enumerate(NAMES, 1))
    return FakeSession(*(replace(run, manifest=manifest(run.name)) for run in runs))


def manifest(name: str) -> Manifest:
    """As each run that has begun has one."""
    return Manifest(
        name=name,
        definition="/lab/d.yml",
        classes=("a",),
        recipe=Recipe(),
        precision="fp32",
        versions={"python": "3.11"},
    )


def marked(pilot: Pilot[None]) -> list[str]:
    return [name for name in NAMES if any(line.startswith("●") for line in lines_of(pilot, name))]


async def test_a_run_is_marked_and_unmarked_and_the_head_counts_the_marks() -> None:
    async with console(session()) as pilot:
        await until(pilot, lambda: lines_of(pilot, "d-elm"))
        await pilot.press("space", "space")
        await until(pilot, lambda: "2 marked" in shown(pilot))
        assert marked(pilot) == ["a-owl", "b-owl"]
        assert pilot.app.screen.query_one(RunsTable).cursor_row == 2
        await pilot.press("k", "space")
        await until(pilot, lambda: "1 marked" in shown(pilot))
        assert marked(pilot) == ["a-owl"]
        await pilot.press("G", "v")
        await until(pilot, lambda: "4 marked" in shown(pilot))
        await pilot.press("asterisk")
        await until(pilot, lambda: marked(pilot) == [])
        await pilot.press("asterisk")
        await until(pilot, lambda: "4 marked" in shown(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: marked(pilot) == [] and "marked" not in shown(pilot))


async def test_marks_stay_while_the_list_moves_and_go_with_what_a_filter_hides() -> None:
    lab = session()
    async with console(lab) as pilot:
        await until(pilot, lambda: lines_of(pilot, "d-elm"))
        await pilot.press("asterisk", "s", *"name", "enter")
        await until(pilot, lambda: "4 marked" in shown(pilot) and "by name" in shown(pilot))
        await pilot.press("slash", *"owl", "enter")
        await until(pilot, lambda: "2 marked" in shown(pilot))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: lines_of(pilot, "d-elm"))
        assert marked(pilot) == []


async def test_all_that_is_marked_is_cancelled_after_one_question_that_names_each() -> None:
    lab = session()
    lab.push(*(make_run(name, RunState.FINISHED if name == "d-elm" else RunState.RUNNING, hours=2) for name in NAMES))
    async with console(lab) as pilot:
        await until(pilot, lambda: "finished" in shown(pilot))
        await pilot.press("asterisk", "x")
        await until(pilot, lambda: "Cancel 3 runs?" in shown(pilot))
        for name in NAMES[:3]:
            assert f"{name}: It saves and stops" in shown(pilot)
        assert "1 more is over, and stays as it is." in shown(pilot)
        assert lab.cluster.cancelled == []
        await pilot.press("y")
        await until(pilot, lambda: "asked to cancel c-fox, b-owl, a-owl" in shown(pilot))
        assert sorted(lab.cluster.cancelled) == ["job-a-owl", "job-b-owl", "job-c-fox"]
        await until(pilot, lambda: marked(pilot) == [])


async def test_where_all_that_is_marked_is_over_nothing_is_asked() -> None:
    async with console(session(RunState.FINISHED)) as pilot:
        await until(pilot, lambda: lines_of(pilot, "d-elm"))
        await pilot.press("asterisk", "x")
        await until(pilot, lambda: "all 4 are over" in shown(pilot))


def stopped(lab: FakeSession, name: str) -> Run:
    """A run that has saved its epoch 9.6 of 16."""
    recipe, folder = Recipe(epochs=16), PurePosixPath("/lab/trained_models") / name
    manifest = Manifest(
        name=name, definition="/lab/d.yml", classes=("a",), recipe=recipe, precision="fp32", world_size=4
    )
    started = events.Started(epochs=16, steps_per_epoch=10, num_train=40, num_val=4)
    saved = events.Checkpointed(step=96, epoch=9, file="last.pth")
    lines = "".join(f"{event.model_dump_json()}\n" for event in (started, saved))
    lab.host.files |= {folder / "last.pth": b"weights", folder / "events.jsonl": lines.encode()}
    return make_run(name, RunState.STOPPED, manifest=manifest)


async def test_all_that_is_marked_is_resumed_and_what_cannot_be_is_named_before() -> None:
    lab = FakeSession()
    lab.push(stopped(lab, "a-owl"), stopped(lab, "b-owl"), make_run("c-fox"))
    async with console(lab) as pilot:
        await until(pilot, lambda: lines_of(pilot, "c-fox"))
        await pilot.press("asterisk", "r")
        await until(pilot, lambda: "Submit 2 jobs, one for each run?" in shown(pilot))
        said = text(pilot)
        assert "a-owl resumes from epoch 9.6 of 16." in said
        assert "! c-fox is running: job job-c-fox has it." in said
        assert lab.cluster.submitted == []
        await pilot.press("enter")
        await until(pilot, lambda: "2 of 2 runs resumed" in shown(pilot))
        assert {file.parent.name for file in lab.cluster.submitted} == {"a-owl", "b-owl"}
        await until(pilot, lambda: marked(pilot) == [])


async def test_a_job_that_is_refused_does_not_keep_the_others_back() -> None:
    lab = FakeSession()
    lab.push(stopped(lab, "a-owl"), stopped(lab, "b-owl"))
    async with console(lab) as pilot:
        await until(pilot, lambda: lines_of(pilot, "b-owl"))
        await pilot.press("asterisk", "r")
        await until(pilot, lambda: "Submit 2 jobs" in shown(pilot))
        lab.host.files.pop(PurePosixPath("/lab/trained_models/a-owl/last.pth"))
        await pilot.press("enter")
        await until(pilot, lambda: "not all were resumed" in shown(pilot))
        assert "a-owl has saved nothing to resume from" in shown(pilot)
        assert {file.parent.name for file in lab.cluster.submitted} == {"b-owl"}


async def test_grouped_runs_stand_under_headings_which_the_cursor_and_the_marks_pass_over() -> None:
    owl, fox = RunState.RUNNING, RunState.FAILED
    lab = FakeSession(*(make_run(name, owl if "owl" in name else fox, hours=n) for n, name in enumerate(NAMES, 1)))
    async with console(lab) as pilot:
        await until(pilot, lambda: lines_of(pilot, "d-elm"))
        await pilot.press("b", *"state", "enter")
        await until(pilot, lambda: "── running · 2 runs" in shown(pilot) and "── failed · 2 runs" in shown(pilot))
        assert "grouped by state" in shown(pilot)
        table = pilot.app.screen.query_one(RunsTable)
        await pilot.press("g", "space", "space", "space")
        await until(pilot, lambda: marked(pilot) == ["a-owl", "b-owl", "c-fox"])
        assert table.selected
        assert table.selected.name == "d-elm"
        heading = next(y for y, line in enumerate(shown(pilot).splitlines()) if "── failed" in line)
        await pilot.click(offset=(4, heading))
        await pilot.click(offset=(4, heading + 1))
        await until(pilot, lambda: table.selected and table.selected.name == "c-fox")
        await pilot.press("escape", "slash", *"fox", "enter")
        await until(pilot, lambda: "── failed · 1 run" in shown(pilot) and "running ·" not in shown(pilot))
        await pilot.press("escape", "b", *"no groups", "enter")
        await until(pilot, lambda: "grouped" not in shown(pilot) and "──" not in lines_of(pilot, "failed")[0])


async def test_the_heading_of_the_first_group_is_seen_with_its_first_run_in_a_long_list() -> None:
    runs = [make_run(f"owl-{n:02}", RunState.FAILED if n % 2 else RunState.RUNNING, hours=n + 1) for n in range(60)]
    async with console(FakeSession(*runs)) as pilot:
        await until(pilot, lambda: lines_of(pilot, "owl-00"))
        await pilot.press("b", *"state", "enter")
        await until(pilot, lambda: "── running · 30 runs" in shown(pilot))
        await pilot.press("G")
        await until(pilot, lambda: lines_of(pilot, "owl-59") and "── running" not in shown(pilot))
        await pilot.press("g")
        await until(pilot, lambda: lines_of(pilot, "owl-00") and "── running · 30 runs" in shown(pilot))


async def test_all_that_is_marked_is_exported_after_one_question_and_what_has_no_weights_is_named() -> None:
    lab = FakeSession()
    finished = (make_run(name, RunState.FINISHED, has_best=True, hours=2) for name in NAMES[:2])
    lab.push(*finished, make_run("c-fox", hours=3))
    async with console(lab, size=(100, 40)) as pilot:
        await until(pilot, lambda: lines_of(pilot, "c-fox"))
        await pilot.press("asterisk", "u")
        await until(pilot, lambda: "export 2 runs" in shown(pilot) and "half" in shown(pilot))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "Submit 2 jobs, one for each run?" in text(pilot))
        assert "exports the run's best.pth to ONNX and OpenVINO" in text(pilot)
        assert "a-owl, b-owl." in text(pilot) or "b-owl, a-owl." in text(pilot)
        assert "! c-fox has no best.pth yet" in text(pilot)
        assert lab.cluster.submitted == []
        await pilot.press("enter")
        await until(pilot, lambda: "2 exports submitted of" in text(pilot))
        assert {file.parent.parent.parent.name for file in lab.cluster.submitted} == {"a-owl", "b-owl"}
        await until(pilot, lambda: marked(pilot) == [])
