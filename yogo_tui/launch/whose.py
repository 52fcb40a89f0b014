"""Which job of a queue is that of a launch."""

from __future__ import annotations

from datetime import timedelta

from yogo.run.launch import Launch
from yogo_tui.cluster.base import Job


def is_of(job: Job, launch: Launch) -> bool:
    """Whether the job belongs to the launch's last submission, by its token, or without one by name and time."""
    if job.token:
        return job.token == launch.latest_token
    if job.name != launch.job_name:
        return False
    submission = launch.submission
    since = submission.at if submission and submission.token else launch.created_at
    return job.submitted_at is None or job.submitted_at >= since - timedelta(minutes=1)


def may_be_of(job: Job, launch: Launch) -> bool:
    """Whether it may be the launch's job for all that is known: it lives, has its name, and does not say whose it is.
    When it was submitted is no proof, as the clocks of a cluster's machines may differ."""
    return job.name == launch.job_name and job.is_mine and not job.token and not job.state.is_over
