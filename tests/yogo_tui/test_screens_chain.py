"""The day of a user by keys alone: real session, real jobs on this machine, and a trainer that only pretends."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.yogo_tui.fake_session import shown, until
from yogo_tui.app import Console
from yogo_tui.cluster.local import LocalCluster
from yogo_tui.hosts.here import HereHost
from yogo_tui.runs.model import RunState
from yogo_tui.session import Session
from yogo_tui.settings import Settings, SizePreset


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[Session]:
    data = tmp_path / "dataset_defs"
    for name in ("images", "labels", "pre-training", "fine-tuning", "elsewhere"):
        (data / name).mkdir(parents=True)
    (data / "labels" / "one.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (data / "images" / "one.png").write_bytes(b"")
    for kind, classes in (("pre-training", "a, b"), ("fine-tuning", "a, b"), ("elsewhere", "a, c")):
        pair = "dataset_paths:\n  all: {image_path: ../images, label_path: ../labels}\n"
        (data / kind / "cells.yml").write_text(f"class_names: [{classes}]\n{pair}")
    settings = Settings(
        workspace=tmp_path,
        cluster="local",
        yogo_command=f"{sys.executable} {Path(__file__).with_name('pretend_yogo.py')}",
        poll_seconds=0.2,
        sizes=(SizePreset(gpus=1, cpus=1, hours=1, template="1gpu.sbatch"),),
    )
    cluster = LocalCluster(tmp_path / "state", slots=1, kill_after_seconds=5)
    yield Session(settings, HereHost(), cluster)
    await cluster.cancel([job.id for job in await cluster.jobs() if not job.state.is_over])
    async with asyncio.timeout(60):
        while any(not job.state.is_over for job in await cluster.jobs()):
            await asyncio.sleep(0.05)


async def test_pre_train_and_the_fine_tune_behind_it_are_launched_watched_and_finished(session: Session) -> None:
    app = Console(session, mode="launch")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: "✔ bash -n" in shown(pilot))
        await pilot.press("n")
        await until(pilot, lambda: "then fine-tune on" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "with the recipe" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "✔ bash -n" in shown(pilot) and "fine-tun" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "Submit " in shown(pilot) and "and behind it" in shown(pilot))
        await pilot.press("y")
        await until(pilot, lambda: len(app.runs.runs) == 2)
        await until(pilot, lambda: all(run.state is RunState.FINISHED for run in app.runs.runs), seconds=90)
        await until(pilot, lambda: shown(pilot).count("✔ finished") == 2)

        await pilot.press("enter")
        await until(pilot, lambda: "epoch 2.0 of 2" in shown(pilot) and "training " in shown(pilot))
        child, parent = app.runs.runs
        assert child.manifest
        assert child.manifest.pretrained == f"{parent.path}/best.pth"


async def test_a_fine_tune_from_a_run_has_its_data_chosen_and_is_seen_among_the_runs(session: Session) -> None:
    app = Console(session, mode="launch")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: "pre-training/cells.yml" in shown(pilot) and "✔ bash -n" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "Submit " in shown(pilot))
        await pilot.press("y")
        await until(pilot, lambda: "✔ finished" in shown(pilot), seconds=60)
        await pilot.press("enter")
        await until(pilot, lambda: "epoch 2.0 of 2" in shown(pilot))
        await pilot.press("c")
        await until(pilot, lambda: "fine-tuning/cells.yml" in shown(pilot) and "✔ bash -n" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "Submit " in shown(pilot))
        await pilot.press("y")
        await until(pilot, lambda: "── 2 runs ──" in shown(pilot))


BOTH_LISTS = ("knows a, b;", "names a, c. Start with new")


async def see(pilot: Pilot[None], *words: str) -> None:
    """Wherever the lines are broken."""
    await until(pilot, lambda: all(word in " ".join(shown(pilot).split()) for word in words))


async def choose_other_classes(pilot: Pilot[None]) -> None:
    """For the fine-tune behind."""
    await pilot.press("n")
    await see(pilot, "then fine-tune on")
    await pilot.press(*"elsewhere", "enter")
    await see(pilot, "with the recipe")
    await pilot.press("enter")
    await see(pilot, "✖ the classes differ")


async def test_a_fine_tune_on_other_classes_shows_both_lists_and_begins_with_new_outputs_after_a_yes(
    session: Session,
) -> None:
    app = Console(session, mode="launch")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await see(pilot, "✔ bash -n")
        await choose_other_classes(pilot)
        await pilot.press("enter")
        await see(pilot, *BOTH_LISTS)
        await pilot.press("n")
        await see(pilot, "✖ the classes differ")
        await pilot.press("enter")
        await see(pilot, *BOTH_LISTS)
        await pilot.press("y")
        await see(pilot, "✔ bash -n", "✔ new class outputs")
        await pilot.press("n")
        await choose_other_classes(pilot)  # chosen anew, it asks anew
        await pilot.press("enter")
        await see(pilot, *BOTH_LISTS)
        await pilot.press("y")
        await see(pilot, "✔ bash -n", "✔ new class outputs")
        await pilot.press("enter")
        await see(pilot, "Submit ", "with new class outputs?")
        await pilot.press("y")
        await until(pilot, lambda: len(app.runs.runs) == 2)
        await until(pilot, lambda: all(run.state is RunState.FINISHED for run in app.runs.runs), seconds=90)
        child, parent = app.runs.runs
        assert [run.launch.reset_head for run in (child, parent) if run.launch] == [True, False]
        assert child.path
        assert "--reset-head" in Path(child.path / "job.sbatch").read_text()


async def test_a_job_is_cancelled_by_keys(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRETEND_SECONDS", "120")
    app = Console(session, mode="launch")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: "✔ bash -n" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "Submit " in shown(pilot))
        await pilot.press("y")
        await until(pilot, lambda: "▶ running" in shown(pilot), seconds=60)
        await pilot.press("x")
        await until(pilot, lambda: "Cancel " in shown(pilot))
        await pilot.press("y")
        await until(pilot, lambda: "■ cancelled" in shown(pilot), seconds=60)
