"""Whether a run's job can be held, released or requeued, and what that does to the run."""

from __future__ import annotations

from yogo_tui.advice import tui
from yogo_tui.cluster.base import Change, JobId, JobState
from yogo_tui.errors import LaunchError
from yogo_tui.runs.cancelling import job_to_cancel
from yogo_tui.runs.model import Run, RunState

_PAST = {Change.HOLD: "held", Change.RELEASE: "released", Change.REQUEUE: "requeued"}


def done_words(change: Change) -> str:
    """Such as "held"."""
    return _PAST[change]


def job_to_change(run: Run, change: Change, cluster: str) -> JobId:
    """The id of its job. Raises LaunchError, which says why not and what to do instead, if that cannot be done."""
    job = run.job
    if (unseen := _unseen_job(run, cluster)) and (change is Change.REQUEUE) is (run.state is RunState.RUNNING):
        return unseen
    if job is None or job.state.is_over:
        go_on = f" To continue it: {tui()} resume {run.name}" if run.manifest and run.state.is_over else ""
        raise LaunchError(f"{run.name} is {run.state}: it has no job in the queue that can be {_PAST[change]}.{go_on}")
    if change is Change.REQUEUE:
        if job.state is JobState.PENDING:
            raise LaunchError(f"{run.name} is {run.state}: its job is in the queue already.")
    elif job.state is not JobState.PENDING:
        raise LaunchError(
            f"{run.name} is {run.state}: only a job that waits can be {_PAST[change]}. To stop it and put it back into "
            f"the queue: {tui()} requeue {run.name}"
        )
    elif job.is_held is (change is Change.HOLD):
        raise LaunchError(f"{run.name} is {'held already' if job.is_held else 'not held'}: there is nothing to do.")
    return job_to_cancel(run, cluster)


def _unseen_job(run: Run, cluster: str) -> JobId | None:
    """The id of its job, if that was submitted after the queue was last seen."""
    if run.job or run.state.is_over:
        return None
    if run.holder:
        return JobId(run.holder.job_id) if run.holder.job_id and run.holder.is_on(cluster) else None
    submission = run.submission
    return JobId(submission.job_id) if submission and submission.job_id and submission.is_on(cluster) else None


def what_it_does(run: Run, change: Change) -> str:
    """A sentence on what that does to a run."""
    match change:
        case Change.HOLD:
            return "It keeps waiting, and does not start before it is released."
        case Change.RELEASE:
            return "It takes its turn in the queue again."
    if run.path is None:
        return "It is ended, goes back into the queue, and begins anew, unless the job itself saves its work."
    if run.progress and run.progress.epochs and run.manifest:
        where = f"epoch {run.progress.epoch:.1f} of {run.progress.epochs}"
        return f"It saves and stops, in {where}, waits in the queue again, and goes on from there."
    return "It stops, waits in the queue again, and begins anew if it has saved nothing."


def change_for(run: Run) -> Change:
    """What the key that holds does: it releases what is held."""
    return Change.RELEASE if run.state is RunState.HELD else Change.HOLD
