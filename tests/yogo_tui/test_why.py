"""Why a run is as it is: in the list by a key, in its own screen, and as a command."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest

from tests.yogo_tui.fake_session import FakeSession, make_run, shown, until
from tests.yogo_tui.test_screens_lists import text
from tests.yogo_tui.test_screens_runs import console, lines_of
from yogo.recipe import Recipe
from yogo.run.manifest import Manifest
from yogo.run.result import Result
from yogo_tui.cluster.base import Job, JobId, JobState, Used
from yogo_tui.launch.ending import ending
from yogo_tui.runs.faults import Lack, fault_of_end
from yogo_tui.runs.model import RunState
from yogo_tui.runs.why import Why

LOG = PurePosixPath("/lab/trained_models/owl/owl-7.log")
BEGUN = Manifest(name="owl", definition="/lab/d.yml", classes=("a",), recipe=Recipe(), precision="fp32")
TORN = 'Traceback (most recent call last):\n  File "/lab/a.py", line 4, in f\n    g()\nValueError: no box\n'


def failed(log: str, word: str = "FAILED", **changes: Any) -> FakeSession:
    job = Job(JobId("7"), "owl", JobState.FAILED, word=word, exit_status=1)
    given: dict[str, Any] = {"job": job, "why": "job 7 ended", "log": LOG} | changes
    lab = FakeSession(make_run("owl", RunState.FAILED, **given))
    lab.host.files[LOG] = log.encode()
    return lab


async def test_a_key_shows_the_error_that_ended_a_run_and_the_next_step() -> None:
    lab = failed(f"epoch 1\nCUDA out of memory\n{'x' * 50_000}\nsrun: error: gpu1: task 0: Exited\n")
    async with console(lab) as pilot:
        await until(pilot, lambda: lines_of(pilot, "owl"))
        await pilot.press("w")
        await until(pilot, lambda: "the GPU's memory was full: CUDA out of memory" in text(pilot))
        assert "again bigger: A, or yogo-tui again owl --bigger." in text(pilot)
        await pilot.press("w")
        await until(pilot, lambda: "the GPU's memory" not in shown(pilot))


async def test_a_key_tells_what_one_can_do_about_a_job_that_waits() -> None:
    job = Job(JobId("7"), "owl", JobState.PENDING, reason="QOSGrpGRES", advice="Cancel what is not needed.")
    lab = FakeSession(make_run("owl", RunState.WAITING, job=job, why="the jobs of its QOS use all GPUs (QOSGrpGRES)"))
    async with console(lab) as pilot:
        await until(pilot, lambda: lines_of(pilot, "owl"))
        await pilot.press("w")
        await until(pilot, lambda: "Cancel what is not needed." in text(pilot))


async def test_the_log_tells_where_the_error_of_a_receipt_came_from() -> None:
    lab = failed(TORN, result=Result(outcome="failed", reason="no box"))
    (run,) = (await anext(lab.runs.watch())).runs
    why = await lab.jobs.why(run)
    assert why.error == "ValueError: no box (/lab/a.py, line 4)"
    other = await failed("nothing of it", result=Result(outcome="failed", reason="No space left on device")).jobs.why(
        run
    )
    assert other.error.startswith("ValueError") is False


@pytest.mark.parametrize(("word", "lack"), [("TIMEOUT", Lack.TIME), ("OUT_OF_MEMORY", Lack.MEMORY)])
async def test_the_scheduler_is_believed_about_the_end_of_a_job(word: str, lack: Lack) -> None:
    lab = failed(TORN, word)
    (run,) = (await anext(lab.runs.watch())).runs
    why = await lab.jobs.why(run)
    assert why.fault is not None
    assert why.fault.lack is lack
    assert "yogo-tui again owl --bigger" in why.next_step


async def test_an_error_of_an_earlier_start_did_not_end_a_run_that_was_killed() -> None:
    begins = "=== yogo train began on 2026-11-23 12:00:00 UTC: yogo train"
    lab = failed(f"{begins}\nyogo: CUDA out of memory.\n{begins} --resume owl\nresumes after step 4\n", job=None)
    (run,) = (await anext(lab.runs.watch())).runs
    why = await lab.jobs.why(run)
    assert (why.error, why.log) == ("", LOG)


def test_of_a_run_that_trains_it_is_told_where() -> None:
    assert list(Why(make_run("owl", RunState.RUNNING, why="in job 5")).lines()) == [("why", "It trains in job 5.")]
    assert list(Why(make_run("owl", RunState.RUNNING)).lines()) == [("why", "It trains.")]


@pytest.mark.parametrize("word", ["TIMEOUT", "OUT_OF_MEMORY"])
def test_how_a_job_ended_is_told_once_and_the_steps_are_one_sentence(word: str) -> None:
    job = Job(JobId("7"), "owl", JobState.FAILED, word=word)
    fault = fault_of_end(word, None)
    assert fault is not None
    said = dict(Why(make_run("owl", RunState.FAILED, job=job, why=ending(word, None)), fault).lines())
    assert fault.words in said["why"].casefold()
    assert "error" not in said
    assert ": Launch" not in said["next"]


def test_a_run_that_was_killed_after_it_began_is_advised_to_go_on_first() -> None:
    fault = fault_of_end("FAILED", 137)
    advice = Why(make_run("owl", RunState.FAILED, manifest=BEGUN), fault).next_step
    bigger = "f its memory may have been full, launch it again bigger: A, or yogo-tui again owl --bigger."
    assert advice == f"Resume it, or, i{bigger}"
    assert Why(make_run("owl", RunState.FAILED), fault).next_step == f"I{bigger}"


@pytest.mark.parametrize(
    ("reason", "log", "words", "step"),
    [
        ("another process of the run was killed or lost", "", "it lost one of its processes", "if its memory may have"),
        ("one of the run's processes was killed by SIGKILL, perhaps because", "", "it was killed, most", "if its mem"),
        (
            "one of the run's processes was killed by SIGKILL, perhaps",
            "oom_kill event in Step",
            "the job's memory",
            "aunch",
        ),
        (
            "the memory was full: the kernel killed one of the run's processes",
            "",
            "the job's memory was full",
            "Launch",
        ),
    ],
)
async def test_a_run_that_lost_a_process_is_advised_what_helps_a_full_memory(
    reason: str, log: str, words: str, step: str
) -> None:
    lab = failed(log, result=Result(outcome="failed", reason=reason), manifest=BEGUN)
    (run,) = (await anext(lab.runs.watch())).runs
    why = await lab.jobs.why(run)
    assert why.error.startswith(words)
    assert step in why.next_step
    assert "yogo-tui again owl --bigger" in why.next_step
    assert ("Resume" in why.next_step) == ("may have" in why.next_step)


async def test_of_a_long_log_only_the_end_is_read() -> None:
    lab = failed(TORN + "x\n" * 1_000_000)
    (run,) = (await anext(lab.runs.watch())).runs
    assert (await lab.jobs.why(run)).fault is None


async def test_a_log_that_cannot_be_read_is_told() -> None:
    lab = failed(TORN)
    del lab.host.files[LOG]
    (run,) = (await anext(lab.runs.watch())).runs
    why = await lab.jobs.why(run)
    assert ("log", f"There is no log {LOG}.") in list(why.lines())


async def test_a_run_that_was_cancelled_or_waits_has_no_error() -> None:
    for state in (RunState.CANCELLED, RunState.STOPPED, RunState.RUNNING, RunState.WAITING):
        lab = failed(TORN)
        assert (await lab.jobs.why(make_run("owl", state, log=LOG))).fault is None


async def test_what_accounting_knows_is_told_of_a_run_that_is_over() -> None:
    lab = FakeSession()
    lab.cluster.use = Used(memory=3 << 30)
    assert (
        "memory: 3.0 GB at its most, as it was sampled" in (await lab.jobs.why(make_run("owl", RunState.FINISHED))).used
    )
    assert (await lab.jobs.why(make_run("owl", RunState.RUNNING))).used == ()


async def test_the_screen_of_a_run_shows_the_error_above_its_plots_and_what_to_do_in_its_details() -> None:
    lab = failed(TORN)
    async with console(lab) as pilot:
        await until(pilot, lambda: lines_of(pilot, "owl"))
        await pilot.press("enter")
        await until(pilot, lambda: "ValueError: no box (/lab/a.py, line 4) · job 7 ended" in text(pilot))
        await pilot.press("d")
        await until(pilot, lambda: "next Its log shows how it came to that." in text(pilot))


async def test_of_a_job_that_is_no_run_the_error_is_told_without_a_command_that_it_does_not_have() -> None:
    lab = failed("CUDA out of memory", path=None, launch=None)
    (run,) = (await anext(lab.runs.watch())).runs
    why = await lab.jobs.why(run)
    assert (why.error, why.next_step) == ("the GPU's memory was full: CUDA out of memory", "")
