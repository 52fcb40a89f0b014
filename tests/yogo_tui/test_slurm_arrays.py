"""The tasks of arrays in what Slurm prints: ours are jobs by themselves."""

from __future__ import annotations

from tests.yogo_tui.test_slurm_answers import CONFIG, HEADING, NO_ACCOUNTS, ScriptedHost, account_row, queue_row
from yogo_tui.cluster.base import JobState
from yogo_tui.cluster.slurm import SlurmCluster
from yogo_tui.cluster.slurm.past import parse_accounting
from yogo_tui.cluster.slurm.queue import parse_queue
from yogo_tui.hosts.base import Completed


def test_the_waiting_tasks_of_our_array_are_jobs_by_themselves_and_others_stay_one_row() -> None:
    ours = queue_row(
        "8_[2-3,7%2]", "PENDING", "JobArrayTaskLimit", comment="yogo:t0ken-", stdout="/runs/s-%2a-%A_%a.log"
    )
    table = HEADING + ours + queue_row("9_[0-40%1]", "PENDING", "Priority")
    jobs = parse_queue(table)
    assert [(job.id, job.token) for job in jobs] == [
        ("8_2", "t0ken-2"),
        ("8_3", "t0ken-3"),
        ("8_7", "t0ken-7"),
        ("9_[0-40%1]", ""),
    ]


def test_what_is_left_of_an_array_whose_waiting_tasks_were_all_cancelled_is_no_job() -> None:
    rows = queue_row("8", "CANCELLED", comment="yogo:t0ken-") + queue_row("8_0", comment="yogo:t0ken-")
    assert [job.id for job in parse_queue(HEADING + rows)] == ["8_0"]


def test_accounting_goes_on_naming_tasks_that_have_a_row_of_their_own() -> None:
    rows = account_row("8_[0-2%1]", "CANCELLED") + account_row("8_0")
    jobs = parse_accounting(rows.replace("yogo:t0ken", "yogo:t0ken-"))
    assert {job.id: (job.state, job.token) for job in jobs} == {
        "8_0": (JobState.DONE, "t0ken-0"),
        "8_1": (JobState.CANCELLED, "t0ken-1"),
        "8_2": (JobState.CANCELLED, "t0ken-2"),
    }


async def test_tasks_that_the_queue_knows_are_not_named_together_by_accounting_too() -> None:
    queue = queue_row("8_0", "RUNNING", comment="yogo:t0ken-") + queue_row(
        "8_[1-2%1]", "PENDING", "JobArrayTaskLimit", comment="yogo:t0ken-"
    )
    told = account_row("8_[0-2%1]", "PENDING").replace("yogo:t0ken", "") + account_row("7")
    answers = {"squeue": Completed(0, HEADING + queue), "sacct": Completed(0, told)}
    name = parse_accounting(told)[0].name
    found = await SlurmCluster(ScriptedHost({"scontrol": CONFIG, **answers})).find(name)
    assert {job.id for job in found} == {"8_0", "8_1", "8_2", "7"}


async def test_tasks_of_which_some_are_held_are_asked_for_one_by_one() -> None:
    mixed = queue_row("8_[1-2]", "PENDING", "JobArrayTaskLimit,JobHeldUser", comment="yogo:t0ken-")
    host = ScriptedHost({"scontrol": NO_ACCOUNTS, "squeue": Completed(0, HEADING + mixed)})
    await SlurmCluster(host).jobs()
    asked = [words for words in host.asked if words[0] == "squeue"]
    assert ["--array" in words for words in asked] == [False, True]
    assert asked[1][-1] == "--jobs=8"
