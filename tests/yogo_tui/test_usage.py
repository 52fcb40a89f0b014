"""What a job used of what it asked for, and the advice for the next one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from yogo.run.events import Losses, Started, Step
from yogo.run.history import History
from yogo_tui.cluster.base import Job, JobId, JobState, Used
from yogo_tui.cluster.slurm.used import parse_used
from yogo_tui.runs.model import Run, RunState
from yogo_tui.runs.usage import Usage, hours_for, usage_of

BEGAN = datetime(2026, 11, 27, 8, tzinfo=UTC)
HOUR, GB = 3600.0, 1 << 30


def ended(minutes: int, limit_hours: float, state: RunState = RunState.FINISHED) -> Run:
    end = BEGAN + timedelta(minutes=minutes)
    job = Job(
        JobId("7"), "owl", JobState.DONE, started_at=BEGAN, ended_at=end, time_limit_seconds=int(limit_hours * HOUR)
    )
    return Run(name="owl", state=state, job=job)


def trained(
    minutes: int, epochs_done: int, epochs: int, data_wait: float | None = None, gpu_memory: int | None = None
) -> History:
    """Five steps an epoch, at an even pace."""
    history, count = History(started=Started(epochs=epochs, steps_per_epoch=5, num_train=9, num_val=9)), epochs_done * 5
    for number in range(1, count + 1):
        at = BEGAN + timedelta(minutes=minutes * (number - 1) / (count - 1))
        figures = {"data_wait": data_wait, "gpu_memory": gpu_memory and gpu_memory * number}
        history.add(Step(step=number, epoch=0, losses=Losses(loss=1.0), lr=0.1, at=at, **figures))
    return history


def test_a_run_that_used_little_of_its_time_is_advised_to_ask_for_less() -> None:
    usage = usage_of(ended(130, 24), History(), None)
    assert usage.said == ("time: 2 h 10 m of the 24 h that it asked for",)
    (advice,) = usage.next_time
    assert advice.startswith("It asked for 24 h and used 2 h 10 m: 3 h would do.")


@pytest.mark.parametrize(
    ("minutes", "hours", "state"), [(13 * 60, 24, "finished"), (130, 24, "failed"), (0, 24, "finished")]
)
def test_what_used_its_time_or_failed_or_was_short_gets_no_such_advice(minutes: int, hours: int, state: str) -> None:
    assert usage_of(ended(minutes, hours, RunState(state)), History(), None).next_time == ()


def test_a_run_that_reached_its_limit_is_told_how_long_all_of_it_takes() -> None:
    usage = usage_of(ended(120, 2, RunState.FAILED), trained(120, 10, 30), None)
    (advice,) = usage.next_time
    assert advice.startswith("At its pace the whole run takes 6 h, and it asked for 2 h: 8 h would do.")


def test_waiting_for_data_is_told_and_advised_upon() -> None:
    usage = usage_of(ended(120, 3), trained(120, 10, 10, data_wait=0.4), None)
    assert "data: 40% of the training's time was spent waiting for data" in usage.said
    assert usage.next_time == ("It waited for data: more CPUs in its size make it faster.",)


def test_the_gpu_memory_that_was_used_is_told() -> None:
    usage = usage_of(ended(120, 3), trained(120, 10, 10, gpu_memory=GB), None)
    assert "GPU memory: 50.0 GB at its most" in usage.said


def test_memory_and_cpus_are_told_where_accounting_knows_them() -> None:
    used = Used(seconds=HOUR, cpus=16, cpu_seconds=4 * HOUR, memory=6 * GB, memory_asked=64 * GB)
    usage = usage_of(ended(60, 1.5), History(), used)
    assert usage.said[1:] == (
        "memory: 6.0 GB at its most, as it was sampled, of the 64.0 GB that it had",
        "CPUs: 16 CPUs, busy for 25% of the time",
    )
    assert usage.next_time == (
        "It had 64.0 GB of memory and used 6.0 GB: less would do.",
        "Its CPUs were idle: 5 of 16 would do.",
    )
    assert replace(usage, is_over_all=False).next_time == ("Its CPUs were idle: 5 of 16 would do.",)


def test_less_memory_than_a_gigabyte_is_told_in_megabytes() -> None:
    usage = usage_of(ended(60, 1.5), History(), Used(memory=36 << 20, memory_asked=150 << 20))
    assert usage.said[1:] == ("memory: 36 MB at its most, as it was sampled, of the 150 MB that it had",)


def test_nothing_is_said_of_what_is_not_known() -> None:
    assert (Usage().said, Usage().next_time) == ((), ())
    assert usage_of(Run(name="owl", state=RunState.FAILED), History(), Used()).said == ()


@pytest.mark.parametrize(("seconds", "hours"), [(60, 0.5), (2 * HOUR, 3), (10 * HOUR, 16), (200 * HOUR, 264)])
def test_hours_are_round_and_leave_some_room(seconds: float, hours: float) -> None:
    assert hours_for(seconds) == hours


def test_what_sacct_tells_is_read_in_old_and_new_units() -> None:
    rows = ["7|| 64G|1-02:03:04|100|16|2|", "7.batch|1048576K||03:04.567|100|8|1|", "7.0|3G||00:00:01|100|16|2|"]
    table = "\n".join(row.replace(" ", "").replace("|", "\x1f") for row in rows)
    assert parse_used(table) == Used(seconds=100, cpus=16, cpu_seconds=93_784, memory=3 * GB, memory_asked=32 * GB)
    for old, asked in (("4Gn", 4 * GB), ("2Gc", 16 * GB), ("", 0)):
        found = parse_used(f"7||{old}|00:00:00|0|16|2|".replace("|", "\x1f"))
        assert found == Used(cpus=16, memory_asked=asked)
    assert parse_used("") is None
    assert parse_used("7||64G|00:00:00|0|0|0|".replace("|", "\x1f")) is None  # accounting lags behind the queue
