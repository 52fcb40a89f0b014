"""Which job of a queue is that of a launch."""

from __future__ import annotations

from datetime import timedelta

from yogo.run.launch import Launch
from yogo_tui.cluster.base import Job, JobId, tasks_in


def is_of(job: Job, launch: Launch) -> bool:
    """Whether the job belongs to the launch's last submission, by its token, or without one by name and time."""
    if job.token:
        return job.token == launch.latest_token
    if job.name != launch.job_name or not _is_its_task(job.id, launch):
        return False
    submission = launch.submission
    since = submission.at if submission and submission.token else launch.created_at
    return job.submitted_at is None or job.submitted_at >= since - timedelta(minutes=1)


def may_be_of(job: Job, launch: Launch) -> bool:
    """Whether it may be the launch's job for all that is known: it lives, has its name, and does not say whose it is.
    When it was submitted is no proof, as the clocks of a cluster's machines may differ."""
    is_its = job.name == launch.job_name and any(_is_its_task(one, launch) for one in tasks_in(job.id))
    return is_its and job.is_mine and not job.token and not job.state.is_over


def _is_its_task(job_id: JobId, launch: Launch) -> bool:
    """All tasks of a sweep's array have one name: which one is a trial's is known by its index. Accounting lists tasks
    that wait together as one, such as 8_[2-9], which is the job of none of them."""
    if launch.submission is None or not launch.submission.array:
        return True
    return job_id.partition("_")[2] == launch.latest_token.rpartition("-")[2]
