"""The speed where no run tells it: a job measures it, leaves no run, and what it said is known from then on."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.yogo_tui.fake_session import FakeSession, see
from tests.yogo_tui.test_cli import PRETEND, lab
from tests.yogo_tui.test_screens_launch import FILES, launch_screen
from tests.yogo_tui.test_timing import PRETRAIN, told
from yogo.recipe import Recipe
from yogo.run.launch import Size
from yogo_tui.cli import main
from yogo_tui.cluster.base import JobState
from yogo_tui.errors import LaunchError
from yogo_tui.launch.plan import LaunchPlan
from yogo_tui.runs.pace import MeasuredPace, keep_pace, measured_paces
from yogo_tui.session import Session
from yogo_tui.session.speed_probe import SpeedProbe
from yogo_tui.settings import SizePreset, load

__all__ = ["lab"]  # a fixture


def test_what_was_measured_is_told_later_and_no_run_is_left(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["when", *PRETRAIN, "--probe"]) == 2, "there is nobody to ask"
    assert not (lab / "trained_models/.paces").exists()
    first = told(capsys, *PRETRAIN, "--probe", "--yes")
    later = told(capsys, *PRETRAIN, "epochs=32")
    for size in ("1", "2"):
        assert first[size]["measured_at"] == later[size]["measured_at"] is not None
        assert first[size]["like"] is None
        assert later[size]["seconds"] == pytest.approx(2 * float(str(first[size]["seconds"])))
    assert told(capsys, *PRETRAIN, "batch_size=1")["1"]["seconds"] is None
    assert main(["runs", "--json"]) == 0
    names = [one["name"] for one in json.loads(capsys.readouterr().out)]  # of the other jobs of this Slurm too
    assert not [name for name in names if name.startswith("yogo-speed")]
    assert sorted(path.name for path in (lab / "trained_models").iterdir()) == [".estimates", ".paces"]
    assert main(["when", *PRETRAIN, "--size", "1"]) == 0
    assert "by the speed measured today " in capsys.readouterr().out


def test_a_person_is_told_that_it_can_be_measured(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["when", *PRETRAIN]) == 0
    assert capsys.readouterr().err == "To measure it: the same with --probe\n"


def plan_for(lab: Path, **size: Any) -> LaunchPlan:
    one = SizePreset.model_validate({"gpus": 1, "cpus": 1, "hours": 1, "template": "1gpu.sbatch"} | size)
    kind, definition = "train", lab / "dataset_defs/cells.yml"
    return LaunchPlan("one", kind, definition, Recipe(), one)  # type: ignore[arg-type]


async def test_a_job_that_fails_says_why_and_a_size_of_several_nodes_is_not_measured(lab: Path) -> None:
    session = await Session.open(load())
    with pytest.raises(LaunchError, match="the job failed: a line of the setting setup failed"):
        await SpeedProbe(session, plan_for(lab, setup=("false",))).measured()
    with pytest.raises(LaunchError, match="several nodes"):
        SpeedProbe(session, plan_for(lab, nodes=2, gpus=2, cpus=2))
    assert list((lab / "trained_models").glob(".speed*")) == []
    await session.close()


async def test_whoever_stops_waiting_has_the_job_cancelled_and_its_folder_removed(
    lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETEND_SECONDS", "600")
    session = await Session.open(load())
    runs = asyncio.Event()

    def tell(what: str, done: int, total: int) -> None:
        if ": running" in what:
            runs.set()

    measuring = asyncio.create_task(SpeedProbe(session, plan_for(lab)).measured(tell))
    await runs.wait()
    measuring.cancel()
    with pytest.raises(asyncio.CancelledError):
        await measuring
    (job,) = await session.cluster.jobs()
    assert job.state is JobState.CANCELLED
    assert list((lab / "trained_models").glob(".speed*")) == []
    await session.close()


async def test_measurements_are_read_wherever_the_console_works(host: Any, lab: Path) -> None:
    runs = lab / "trained_models"
    kept = [
        MeasuredPace(
            definition="/d.yml",
            recipe=Recipe(),
            size=Size(gpus=1, cpus=1, hours=1),
            cluster="slurm",
            epoch_seconds=seconds,
        )
        for seconds in (3.0, 5.0)
    ]
    for one in (*kept, kept[1].model_copy(update={"cluster": "local"})):
        await keep_pace(host, runs, one)  # type: ignore[arg-type]
    (runs / ".paces/torn.json").write_text("{")
    found = await measured_paces(host, runs)  # type: ignore[arg-type]
    assert sorted((one.cluster, one.epoch_seconds) for one in found) == [("local", 5.0), ("slurm", 5.0)]


async def test_launch_offers_to_measure_and_asks_first() -> None:
    session = FakeSession()
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "✔ bash -n", "m measures it.")
        await pilot.press("m")
        await see(pilot, "Submit a job of 1 GPU, 0.25 h, which trains for half a minute")
        await pilot.press("n")
        await see(pilot, "enter launch")
        assert session.cluster.submitted == []
        await pilot.press("w")
        await see(pilot, "GPUs were free", "asked ", "· w asks again")


def test_a_job_of_the_real_slurm_measures_the_speed(
    lab: Path, slurm: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in slurm.environment.items():
        monkeypatch.setenv(name, value)
    size = "{gpus: 0, cpus: 1, hours: 1, template: 1gpu.sbatch}"
    (lab / "settings.yaml").write_text(
        f"workspace: {lab}\npoll_seconds: 0.2\nyogo_command: {sys.executable} {PRETEND}\nsizes: [{size}]\n"
    )
    found = told(capsys, *PRETRAIN, "--probe", "--yes")["0"]
    assert found["measured_at"]
    assert told(capsys, *PRETRAIN)["0"]["measured_at"] == found["measured_at"]
    assert main(["runs", "--json"]) == 0
    names = [one["name"] for one in json.loads(capsys.readouterr().out)]  # of the other jobs of this Slurm too
    assert not [name for name in names if name.startswith("yogo-speed")]
