"""Holding, releasing and requeueing: what can be, what is said of it, and by which keys and commands."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.yogo_tui.fake_session import FakeSession, make_run, until
from tests.yogo_tui.stand_in_slurm import StandIn
from tests.yogo_tui.test_cancelling import command, session, slurm  # noqa: F401
from tests.yogo_tui.test_screens_lists import text
from tests.yogo_tui.test_screens_runs import console, lines_of
from tests.yogo_tui.test_slurm_answers import queue_row
from yogo.run.holder import Holder
from yogo_tui.cli import main
from yogo_tui.cluster.base import Change, Job, JobId, JobState
from yogo_tui.errors import LaunchError
from yogo_tui.runs.model import Run, RunState


def waits(name: str, *, is_held: bool = False) -> Run:
    job = Job(JobId(f"job-{name}"), name, JobState.PENDING, is_held=is_held)
    return make_run(name, RunState.HELD if is_held else RunState.WAITING, job=job, progress=None)


async def test_a_key_holds_what_waits_and_releases_what_is_held_after_a_question() -> None:
    lab = FakeSession(waits("a-owl"))
    async with console(lab) as pilot:
        await until(pilot, lambda: lines_of(pilot, "◌ waiting"))
        await pilot.press("H")
        await until(pilot, lambda: "a-owl: It keeps waiting, and does not start before it is released." in text(pilot))
        assert lab.cluster.changed == []
        await pilot.press("y")
        await until(pilot, lambda: "held: a-owl" in text(pilot))
        assert lab.cluster.changed == [(Change.HOLD, "job-a-owl")]
        lab.push(waits("a-owl", is_held=True))
        await until(pilot, lambda: lines_of(pilot, "◌ held"))
        await pilot.press("H")
        await until(pilot, lambda: "Release it?" in text(pilot))
        await pilot.press("y")
        await until(pilot, lambda: lab.cluster.changed[1:] == [(Change.RELEASE, "job-a-owl")])


async def test_a_key_requeues_all_that_is_marked() -> None:
    lab = FakeSession(make_run("a-owl", hours=1), make_run("b-owl", hours=2))
    async with console(lab) as pilot:
        await until(pilot, lambda: lines_of(pilot, "b-owl"))
        await pilot.press("asterisk", "R")
        await until(pilot, lambda: "Requeue 2 runs?" in text(pilot))
        await pilot.press("y")
        ids = {(Change.REQUEUE, "job-a-owl"), (Change.REQUEUE, "job-b-owl")}
        await until(pilot, lambda: set(lab.cluster.changed) == ids and "2 marked" not in text(pilot))


async def test_of_marked_runs_those_are_requeued_that_can_be_and_the_others_are_named() -> None:
    lab = FakeSession(make_run("a-owl"), make_run("b-fox", RunState.FINISHED))
    async with console(lab) as pilot:
        await until(pilot, lambda: lines_of(pilot, "b-fox"))
        await pilot.press("asterisk", "R")
        await until(pilot, lambda: "Requeue 1 run?" in text(pilot))
        assert "! b-fox" in text(pilot)
        await pilot.press("y")
        await until(pilot, lambda: "requeued: a-owl" in text(pilot))
        assert [ids for _, ids in lab.cluster.changed] == ["job-a-owl"]


async def test_what_cannot_be_held_is_told_before_anything_is_asked() -> None:
    lab = FakeSession(make_run("a-owl"))
    async with console(lab) as pilot:
        await until(pilot, lambda: lines_of(pilot, "a-owl"))
        await pilot.press("H")
        await until(pilot, lambda: "a-owl was not held" in text(pilot))
        assert "only a job that waits can be held" in text(pilot)


RUNNING, WAITS, HELD = make_run("owl"), waits("owl"), waits("owl", is_held=True)


@pytest.mark.parametrize(
    ("run", "change", "said"),
    [
        (RUNNING, Change.HOLD, "only a job that waits can be held. To stop it .*: yogo-tui requeue owl"),
        (RUNNING, Change.RELEASE, "only a job that waits can be released"),
        (WAITS, Change.RELEASE, "owl is not held"),
        (HELD, Change.HOLD, "owl is held already"),
        (WAITS, Change.REQUEUE, "its job is in the queue already"),
        (make_run("owl", RunState.FINISHED), Change.REQUEUE, "it has no job in the queue that can be requeued"),
        (replace(RUNNING, job=None), Change.HOLD, "it has no job in the queue"),
    ],
)
async def test_what_cannot_be_done_says_what_to_do_instead(run: Run, change: Change, said: str) -> None:
    lab = FakeSession()
    with pytest.raises(LaunchError, match=said):
        await lab.jobs.change(change, (waits("other"), run) if change is Change.HOLD else (run,))
    assert lab.cluster.changed == []


async def test_a_job_that_was_submitted_since_the_queue_was_seen_is_changed_by_its_id() -> None:
    lab = FakeSession()
    submitted = make_run("new", RunState.WAITING, job=None)
    begun = Holder(host="gpu1", boot_id="b", pid=4, process_started="1", job_id="job-owl", cluster="slurm")
    await lab.jobs.change(Change.HOLD, [submitted])
    await lab.jobs.change(Change.REQUEUE, [replace(RUNNING, job=None, holder=begun)])
    assert lab.cluster.changed == [(Change.HOLD, "job-new"), (Change.REQUEUE, "job-owl")]
    shell = begun.model_copy(update={"job_id": "", "cluster": ""})
    with pytest.raises(LaunchError, match="no job in the queue"):
        await lab.jobs.change(Change.REQUEUE, [replace(RUNNING, job=None, holder=shell)])


@pytest.mark.parametrize(
    ("change", "row", "told"),
    [
        ("hold", queue_row("7", "PENDING", "Priority", name="owl"), ("held: owl", "uhold")),
        ("release", queue_row("7", "PENDING", "JobHeldUser", name="owl"), ("released: owl", "release")),
        ("requeue", queue_row("7", name="owl"), ("requeued: owl", "requeue")),
    ],
)
def test_the_commands_ask_and_call_scontrol(
    command: StandIn,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
    change: str,
    row: str,
    told: tuple[str, str],
) -> None:
    command.add(row)
    config = "echo ClusterName=lab; echo AccountingStorageType=accounting_storage/none"
    command.program("scontrol", f'[ "$1" = show ] || echo "$@" >> {command.folder}/changed; {config}')
    assert main([change, "owl"]) == 2
    assert "There is no terminal to ask on: add --yes." in capsys.readouterr().err
    assert not (command.folder / "changed").exists()
    assert main([change, "owl", "--yes"]) == 0
    assert capsys.readouterr().out == f"{told[0]}\n"
    assert (command.folder / "changed").read_text() == f"{told[1]} 7\n"
    assert main([change, "owl", "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["job"] == "7"


def test_what_scontrol_refuses_is_told(
    command: StandIn,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    command.add(queue_row("7", name="owl"))
    command.program(
        "scontrol", 'if [ "$1" = show ]; then echo ClusterName=lab; else echo "Job is held" >&2; exit 1; fi'
    )
    assert main(["requeue", "owl", "--yes"]) == 1
    assert "scontrol requeue failed: Job is held." in capsys.readouterr().err
