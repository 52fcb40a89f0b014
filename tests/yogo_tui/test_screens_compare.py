"""Compare: runs that were marked, beside each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePosixPath

import pytest

from tests.made_evaluation import made_results
from tests.made_runs import BEGUN, trained_run
from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from yogo.run import events
from yogo.run.directory import RunDirectory
from yogo.run.events import Losses, Validated
from yogo.run.manifest import Manifest
from yogo_tui.app import Console
from yogo_tui.runs.model import Progress, Run, RunState


def run_in(folder: Path, name: str, state: RunState = RunState.FINISHED, **changes: object) -> Run:
    made = trained_run(folder / name, **changes)  # type: ignore[arg-type]
    manifest = Manifest.read(made.manifest)
    progress = Progress(2, 2, best_loss=2.0)
    path = PurePosixPath(made.path)
    return make_run(name, state, path=path, launch=None, manifest=manifest, progress=progress)


def lab(folder: Path) -> FakeSession:
    return FakeSession(
        run_in(folder, "a-owl", map50=0.7), run_in(folder, "b-fox", map50=0.6, changes={"learning_rate": 0.01})
    )


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
async def test_marked_runs_are_shown_beside_each_other(tmp_path: Path, size: tuple[int, int]) -> None:
    async with Console(lab(tmp_path)).run_test(size=size) as pilot:
        await see(pilot, "a-owl", "b-fox")
        await pilot.press("asterisk", "equals_sign")
        await see(pilot, "validation loss", "── a-owl", "┄┄ b-fox", "by epoch", "learning_rate", "0.01")
        await pilot.press("x")
        await see(pilot, "by step")
        await pilot.press("tab", "f", "G")
        await see(pilot, "mAP50", ".700 ◆", ".600", "images/s")
        assert "by step" not in shown(pilot)
        await pilot.press("tab")
        await see(pilot, "by step", "validation loss")
        assert "images/s" not in shown(pilot)
        await pilot.press("f", "escape")
        await see(pilot, "2 marked")
        await pilot.press("5")
        await see(pilot, "validation loss")


async def test_without_marks_and_without_runs_it_says_what_to_press(tmp_path: Path) -> None:
    async with Console(lab(tmp_path)).run_test(size=(80, 24)) as pilot:
        await see(pilot, "a-owl", "b-fox")
        await pilot.press("space", "equals_sign")
        await see(pilot, "Mark at least 2 runs with space")
        await pilot.press("escape", "5")
        await see(pilot, "Press 4 for the runs, mark two or more with space, and press =.")
        assert "export" not in shown(pilot)


async def test_a_job_among_the_marked_runs_is_named(tmp_path: Path) -> None:
    job = make_run("a-job", path=None, launch=None)
    async with Console(FakeSession(run_in(tmp_path, "a-owl"), job)).run_test(size=(80, 24)) as pilot:
        await see(pilot, "a-owl", "a-job")
        await pilot.press("asterisk", "equals_sign")
        await see(pilot, "these runs cannot be compared", "a-job is not a run in these folders")


async def test_a_run_that_still_trains_is_read_again_once_there_is_more_of_it(tmp_path: Path) -> None:
    session, running = lab(tmp_path), run_in(tmp_path, "c-elm", RunState.RUNNING)
    session.push(running, other := run_in(tmp_path, "d-ash"))
    async with Console(session).run_test(size=(80, 24)) as pilot:
        await see(pilot, "c-elm", "d-ash")
        await pilot.press("asterisk", "equals_sign", "tab", "f")
        await see(pilot, "best val loss", "2.000")
        step = Validated(step=12, epoch=2, losses=Losses(loss=1.25), at=BEGUN + timedelta(minutes=5))
        events.append(tmp_path / "c-elm/events.jsonl", step)
        session.push(replace(running, progress=Progress(3, 4, best_loss=1.25)), other)
        await see(pilot, "1.250 ◆")


async def test_a_comparison_is_exported_to_the_folder_of_the_console(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with Console(lab(tmp_path)).run_test(size=(80, 24)) as pilot:
        await see(pilot, "a-owl", "b-fox")
        await pilot.press("asterisk", "equals_sign")
        await see(pilot, "validation loss")
        await pilot.press("e", "enter")
        await until(pilot, lambda: list(tmp_path.glob("comparison-*.html")))
        (written,) = tmp_path.glob("comparison-*.html")
        assert "Comparison of a-owl, b-fox" in written.read_text()


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
async def test_runs_with_the_same_test_images_are_compared_image_by_image(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    session = lab(tmp_path)
    for name, missed in (("a-owl", 0.4), ("b-fox", 0.1)):
        made_results(60, missed=missed).write(RunDirectory(tmp_path / name).image_results)
    async with Console(session).run_test(size=size) as pilot:
        await see(pilot, "a-owl", "b-fox")
        await pilot.press("asterisk", "equals_sign", "tab", "f")
        await see(pilot, "b-fox against a-owl", "the same 60", "better by .", "learning_rate")
        await pilot.press("G")
        await see(pilot, "What another seed of the training would change is not in", "them.")


async def test_single_images_are_compared_again_once_a_run_has_ended(tmp_path: Path) -> None:
    session, running = lab(tmp_path), run_in(tmp_path, "c-elm", RunState.RUNNING)
    session.push(running, other := run_in(tmp_path, "d-ash"))
    made_results(60, missed=0.4).write(RunDirectory(tmp_path / "d-ash").image_results)
    async with Console(session).run_test(size=(80, 24)) as pilot:
        await see(pilot, "c-elm", "d-ash")
        await pilot.press("asterisk", "equals_sign", "tab", "f", "G")
        await see(pilot, "Without a test, and so not compared image by image: c-elm.")
        made_results(60, missed=0.1).write(RunDirectory(tmp_path / "c-elm").image_results)
        session.push(replace(running, state=RunState.FINISHED), other)
        await pilot.press("g")
        await see(pilot, "c-elm against d-ash", "better by .")
