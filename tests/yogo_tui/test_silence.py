"""When a run that should train is told to be silent, and when not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.yogo_tui.test_runs_states import ALIVE, NOW, folder, holder, job, one
from yogo.run.doubts import ENOUGH, FOLD
from yogo.run.events import Losses, Resumed, Step
from yogo.run.history import History
from yogo_tui.runs.model import RunState
from yogo_tui.runs.silence import RULES, pause_of

SINCE = NOW - timedelta(minutes=40)
"""When the last event of a run was written that has recorded nothing since."""


def test_a_run_whose_trainer_lives_and_records_nothing_for_longer_than_ever_is_told_to_be_silent() -> None:
    hung = folder(holder=holder("7"), **ALIVE, events_at=SINCE, silent_after=timedelta(minutes=30))
    run = one(hung, job())
    assert run.state is RunState.RUNNING
    assert run.why.startswith(f"! silent: it has recorded nothing since {SINCE.astimezone():%-d %b %H:%M}")
    in_shell = one(replace(hung, holder=holder("")))
    assert in_shell.why.startswith("in a shell: process 42 on gpu1; ! silent: ")


@pytest.mark.parametrize(
    "changes", [{"silent_after": None}, {"silent_after": timedelta(hours=1)}, {"silent_after": timedelta(minutes=41)}]
)
def test_a_run_that_is_young_or_always_slow_is_not_silent(changes: dict[str, Any]) -> None:
    assert one(folder(holder=holder("7"), **ALIVE, events_at=SINCE, **changes), job()).why == ""


def test_a_job_that_runs_for_long_and_has_not_begun_to_train_is_told_to_be_silent() -> None:
    run = one(folder(has_lease=False), job(started_at=NOW - timedelta(minutes=31)))
    assert (run.state, "has not begun to train" in run.why) == (RunState.RUNNING, True)
    for minutes, signs in ((29, ()), (31, (NOW - timedelta(minutes=20),))):
        found = folder(has_lease=False, signs=signs)
        assert one(found, job(started_at=NOW - timedelta(minutes=minutes))).why == ""


def steps(*minutes: int, attempt: int = 0) -> History:
    history = History()
    at = [NOW + timedelta(minutes=one) for one in minutes]
    history.extend(
        Step(step=number, epoch=0, losses=Losses(loss=1.0), lr=0.1, at=moment, attempt=attempt)
        for number, moment in enumerate(at, 1)
    )
    return history


def test_how_long_a_run_may_record_nothing_is_measured_by_its_own_longest_pause() -> None:
    assert pause_of(steps(0, 1, 2, 3)) is None
    assert pause_of(steps(0, 1, 2, 3, 4)) == timedelta(minutes=10)
    assert pause_of(steps(0, 1, 21, 22, 23)) == timedelta(minutes=100)
    resumed = steps(0, 1, 21, 22, 23)
    resumed.add(Resumed(epoch=0, step=5, attempt=1))
    assert pause_of(resumed) is None


def test_the_rules_are_stated_as_they_are() -> None:
    assert f"{FOLD:g} times its lowest" in RULES
    assert f"after {ENOUGH} validations" in RULES
    assert "for 10 minutes and for 5 times its longest pause" in RULES
