"""Launching a run again with more of what it ran out of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.yogo_tui.fake_session import FakeSession, make_run, until
from tests.yogo_tui.test_again import lab, launched  # noqa: F401
from tests.yogo_tui.test_screens_lists import text
from tests.yogo_tui.test_screens_runs import console, lines_of
from yogo.presets import Preset
from yogo.recipe import Recipe
from yogo.run.result import Result
from yogo_tui.cli import main
from yogo_tui.cluster.base import Job, JobId, JobState, Machine
from yogo_tui.errors import LaunchError
from yogo_tui.runs.faults import Fault, Lack, fault_of_end
from yogo_tui.runs.model import RunState
from yogo_tui.runs.usage import Usage
from yogo_tui.runs.why import Why
from yogo_tui.session.again import Again
from yogo_tui.session.bigger import bigger
from yogo_tui.session.changes import Setup, change_words, differences
from yogo_tui.session.wanted import Wanted
from yogo_tui.settings import SizePreset

SIZE = SizePreset(gpus=1, cpus=16, hours=12, template="1gpu.sbatch")
HERE = Machine(num_gpus=1, num_cpus=16, num_slots=1)


def asked(lack: Lack | None, *, needs_hours: float | None = None, **recipe: Any) -> tuple[Again, Why]:
    preset = Preset("p", "", Recipe(**recipe), path=None, slug="train")
    fault = Fault("it ended", lack=lack)
    usage = Usage(needs_seconds=needs_hours * 3600 if needs_hours else None)
    return Again(Wanted("new", SIZE, preset)), Why(make_run("owl", RunState.FAILED), fault, usage)


@pytest.mark.parametrize(
    ("needs_hours", "max_hours", "hours"),
    [(None, None, 24), (20, None, 36), (20, 24, 24), (2, None, 13.2), (None, 18, 18)],
)
def test_more_time_is_what_the_run_needs_at_its_pace_within_what_the_partition_allows(
    needs_hours: float | None, max_hours: float | None, hours: float
) -> None:
    found = bigger(*asked(Lack.TIME, needs_hours=needs_hours), None, max_hours)
    assert found.wanted.job_size == SIZE.model_copy(update={"hours": hours})
    assert found.changes == (f"time limit {hours:g} h, and not 12 h",)
    assert found.reason == "it reached its time limit"


def test_where_the_partition_allows_no_more_time_it_is_told_to_resume_instead() -> None:
    with pytest.raises(LaunchError, match="allows no more: continue it in another job instead: yogo-tui resume owl"):
        bigger(*asked(Lack.TIME), None, 12)


def test_a_job_gets_more_memory_with_more_cpus() -> None:
    found = bigger(*asked(Lack.MEMORY), None, None)
    assert found.changes == ("CPUs 32, and not 16",)


def test_of_a_run_that_was_killed_it_is_not_said_that_its_memory_was_full_for_certain() -> None:
    found, why = asked(Lack.MEMORY)
    killed = replace(why, fault=fault_of_end("FAILED", 137))
    assert bigger(found, killed, None, None).reason.startswith("its job's memory may have been full, ")
    assert bigger(found, killed, HERE, None).reason.startswith("the memory may have been full, and half the batch")
    full = replace(why, fault=fault_of_end("OUT_OF_MEMORY", None))
    assert bigger(found, full, None, None).reason.startswith("its job's memory was full, ")


async def test_a_job_whose_script_says_how_much_memory_gets_more_by_its_template_alone() -> None:
    job = Job(JobId("7"), "owl", JobState.FAILED, word="OUT_OF_MEMORY")
    session = FakeSession()
    run = make_run("owl", RunState.FAILED, job=job)
    assert run.path is not None
    session.host.files[run.path / "job.sbatch"] = b"#!/bin/bash\n#SBATCH --mem-per-cpu=1G\n"
    assert "again bigger" in (await session.jobs.why(run)).next_step
    session.host.files[run.path / "job.sbatch"] = b"#!/bin/bash\n#SBATCH --mem=8G\n"
    why = await session.jobs.why(run)
    assert why.next_step.startswith("Its script asks for --mem=8G: ask for more in the template")
    with pytest.raises(LaunchError, match=r"more CPUs give it no more\. Its script asks for --mem=8G"):
        bigger(asked(Lack.MEMORY)[0], why, None, None)


@pytest.mark.parametrize(("lack", "machine"), [(Lack.GPU_MEMORY, None), (Lack.MEMORY, HERE)])
def test_half_the_batch_is_accumulated_where_there_is_no_more_memory_to_ask_for(
    lack: Lack, machine: Machine | None
) -> None:
    found = bigger(*asked(lack, batch_size=64, accumulate=2), machine, None)
    assert found.changes == ("batch size 32, and not 64", "accumulate 4, and not 2")
    assert found.wanted.job_size == SIZE


def test_a_time_below_an_hour_is_told_in_minutes() -> None:
    before = SIZE.model_copy(update={"hours": 1 / 60})
    (change,) = differences(Setup(Recipe(), before), Setup(Recipe(), SIZE.model_copy(update={"hours": 0.05})))
    assert change_words(change) == "time limit 3 m, and not 1 m"


def test_a_learning_rate_that_grows_with_the_batches_in_a_step_stays_what_it_was() -> None:
    found = bigger(*asked(Lack.GPU_MEMORY, batch_size=64, scale_lr=True, learning_rate=0.002), None, None)
    assert found.wanted.recipe.learning_rate == 0.001
    assert "learning rate 0.001, and not 0.002" in found.changes


@pytest.mark.parametrize(
    ("lack", "said"), [(None, "neither time nor memory"), (Lack.GPU_MEMORY, "one image in a batch")]
)
def test_where_nothing_more_can_be_asked_for_it_is_said(lack: Lack | None, said: str) -> None:
    with pytest.raises(LaunchError, match=said):
        bigger(*asked(lack, batch_size=1), None, None)


def test_the_command_says_why_and_what_differs(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    folder = lab / "trained_models/first"
    assert main(["again", "first", "--bigger", "--dry-run"]) == 1
    assert "ran out of neither time nor memory" in capsys.readouterr().err
    log = next(folder.glob("first-*.log"))
    log.write_text(f"{log.read_text()}torch.OutOfMemoryError: CUDA out of memory.\n")
    had = Result.read(folder / "result.json")
    had.model_copy(update={"outcome": "failed", "reason": "CUDA out of memory."}).write(folder / "result.json")
    assert main(["again", "first", "--bigger", "--name", "second", "--wait"]) == 0, capsys.readouterr()
    first, second = launched(lab, "first"), launched(lab, "second")
    assert second.recipe.batch_size * 2 == first.recipe.batch_size
    assert second.recipe.accumulate == 2
    said = capsys.readouterr().err
    assert "! the GPU memory was full, and half the batch, accumulated twice, needs about half: batch size" in said


async def test_a_key_offers_more_time_and_fills_it_into_launch_and_leaving_launches_nothing() -> None:
    job = Job(JobId("7"), "owl", JobState.FAILED, word="TIMEOUT", time_limit_seconds=86_400)
    session = FakeSession(make_run("owl", RunState.FAILED, job=job))
    async with console(session, (120, 40)) as pilot:
        await until(pilot, lambda: lines_of(pilot, "owl"))
        await pilot.press("A")
        await until(pilot, lambda: "launch owl again: it reached its time limit" in text(pilot))
        assert "bigger time limit 48 h, and not 24 h" in text(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: "launch owl again" not in text(pilot))
        await pilot.press("A")
        await until(pilot, lambda: "launch owl again: it reached its time limit" in text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "bigger than owl: time limit 48 h, and not 24 h" in text(pilot))
        assert "48 h" in text(pilot)
