"""Which job is that of a launch, where the job itself does not say so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from yogo.recipe import Recipe
from yogo.run.launch import Kind, Launch, Outcome, Size, Submission
from yogo.run.record import now
from yogo_tui.cluster.base import Job, JobId, JobState
from yogo_tui.launch.whose import is_of, may_be_of

AT = now()


def trial(index: int) -> Launch:
    """One of a sweep whose submission got no answer."""
    made = Submission(cluster="lab", outcome=Outcome.UNKNOWN, at=AT, array="rates")
    return Launch(
        name=f"rates-{index:02}",
        kind=Kind.TRAIN,
        token=f"0123456789abcdef-{index}",
        created_at=AT,
        definition="/lab/cells.yml",
        recipe=Recipe(),
        size=Size(gpus=1, cpus=1, hours=1),
        submissions=(made,),
    )


def task(job_id: str, token: str = "") -> Job:
    return Job(JobId(job_id), "rates", JobState.UNKNOWN, token=token, submitted_at=AT + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("job", "is_its", "may_be_its"),
    [
        (task("56_3"), True, True),
        (task("56_4"), False, False),
        (task("56_[3-9%8]"), False, True),
        (task("56_[4-9,12%8]"), False, False),
        (task("56_3", token="0123456789abcdef-3"), True, False),
        (task("56_3", token="fedcba9876543210-3"), False, False),
    ],
)
def test_a_trials_job_is_the_task_with_its_index(job: Job, is_its: bool, may_be_its: bool) -> None:
    assert (is_of(job, trial(3)), may_be_of(job, trial(3))) == (is_its, may_be_its)
