"""Finds the run or job for a name or an id, and describes the effect of cancelling or forgetting it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from yogo.run.holder import Holder
from yogo_tui.advice import tui
from yogo_tui.cluster.base import Cluster, JobId, array_of
from yogo_tui.errors import ClusterError, LaunchError
from yogo_tui.runs.chains import behind
from yogo_tui.runs.model import Run, RunState


def meant_by(text: str, path: PurePosixPath, runs: Sequence[Run]) -> Run | None:
    """The run of this name, job id or `path` among `runs`; an array's id means the whole array.

    None if there is none. Raises LaunchError with the ids if several live jobs have this name.
    """
    for run in runs:
        if run.path == path or (run.job and run.job.id == text):
            return run
    for run in runs:
        if run.job and not run.job.state.is_over and array_of(run.job.id) == text:
            return replace(run, job=replace(run.job, id=JobId(text)))
    named = [run for run in runs if run.name == text]
    named = [run for run in named if not run.is_elsewhere] or named
    live = [run for run in named if run.can_cancel or not run.state.is_over]
    if len(live) > 1:
        ids = ", ".join(f"{run.job.id if run.job else run.path} ({run.state})" for run in live)
        raise LaunchError(f"There are {len(live)} jobs named {text}: {ids}. Give the id of one of them.")
    return next(iter(live or sorted(named, key=lambda run: run.path is None)), None)


def job_to_cancel(run: Run, cluster: str) -> JobId:
    """The id of the run's job. Raises LaunchError, which says what can be done, if it has no job to cancel here."""
    if run.job and not run.job.state.is_over:
        return run.job.id
    if run.holder and not run.state.is_over:
        return _job_that_holds(run, run.holder, cluster)
    submission = run.submission
    if run.state.is_over or submission is None or not submission.job_id:
        why = f" ({run.why})" if run.why else ""
        free = f" To free its name: {tui()} forget {run.name}" if run.state is RunState.UNKNOWN else ""
        raise LaunchError(f"{run.name} is {run.state}{why}: it has no job to cancel.{free}")
    if not submission.is_on(cluster):
        raise LaunchError(f"{run.name} was submitted to {submission.cluster}: it cannot be cancelled from here.")
    return JobId(submission.job_id)


def _job_that_holds(run: Run, holder: Holder, cluster: str) -> JobId:
    process = f"process {holder.pid} on {holder.host}"
    if not holder.job_id:
        raise LaunchError(
            f"{run.name} is trained in a shell, by {process}: press Ctrl-C there, or run `kill {holder.pid}` on "
            f"{holder.host}."
        )
    if not holder.is_on(cluster):
        raise LaunchError(
            f"{run.name} is trained by job {holder.job_id} of {holder.cluster}: it cannot be cancelled from here."
        )
    if run.job and run.job.id == holder.job_id:  # Slurm has lost the job's node
        raise LaunchError(
            f"{run.name} is trained by {process}, although its job {holder.job_id} has ended: run `kill {holder.pid}` "
            f"on {holder.host}."
        )
    return JobId(holder.job_id)


async def cancel_all(cluster: Cluster, ids: Sequence[JobId]) -> dict[JobId, str]:
    """Cancel the jobs. Returns why by id for those that could not be cancelled. Raises HostError."""
    try:
        await cluster.cancel(ids)
    except ClusterError as error:
        if len(ids) == 1:
            return {ids[0]: str(error)}
        each = [await cancel_all(cluster, [job_id]) for job_id in ids]
        return {job_id: why for problem in each for job_id, why in problem.items()}
    return {}


def what_cancel_does(run: Run, behind: Sequence[Run] = ()) -> str:
    """Sentences on what cancelling does to a run and to the runs behind it."""
    if run.state.is_waiting or (run.state is RunState.FAILED and run.can_cancel):
        what = "It has not started, and loses its place in the queue."
        if run.manifest:
            what = f"It loses its place in the queue. What it saved stays: {tui()} resume {run.name} goes on."
    elif run.path is None:
        what = "It ends; whether it saves its work depends on the job."
    elif run.progress and run.progress.epochs:
        where = f"epoch {run.progress.epoch:.1f} of {run.progress.epochs}"
        what = f"It saves and stops, in {where}: {tui()} resume {run.name} goes on from there."
    else:
        what = f"It stops, and saves what it has trained: {tui()} resume {run.name} goes on from there."
    names = ", ".join(other.name for other in behind)
    waits = f" {names} behind it can then never start." if behind else ""
    return f"{what}{waits}"


def what_each_cancel_does(runs: Sequence[Run], seen: Sequence[Run]) -> list[str]:
    """Sentences for each of these runs, with what it does to those of `seen` behind it that are not among them."""
    chosen = {run.key for run in runs}
    left = [[one for one in behind(run, seen) if one.key not in chosen] for run in runs]
    return [f"{run.name}: {what_cancel_does(run, others)}" for run, others in zip(runs, left, strict=True)]


def is_open(run: Run) -> bool:
    """Whether it is unknown if the run was queued."""
    return run.state is RunState.UNKNOWN


def what_forget_does(run: Run) -> str:
    """The question before the name of a failed launch is freed."""
    doubt = "It is not known whether it was queued: make sure that no job has it. " if is_open(run) else ""
    return f"{doubt}Forget {run.name}, and free its name?"
