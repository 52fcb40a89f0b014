"""Which run or job is meant by a name or an id, and what it would mean to cancel it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from yogo_tui.cluster.base import Cluster, JobId, array_of
from yogo_tui.errors import ClusterError, LaunchError
from yogo_tui.runs.model import Run, RunState


def meant_by(text: str, path: PurePosixPath, runs: Sequence[Run]) -> Run | None:
    """The one of `runs` that is meant by a name, an id or `path`; an array's id means the whole array.

    None where there is none. Raises LaunchError, naming the ids, where a name is that of several live jobs.
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
        raise LaunchError(f"There are {len(live)} of the name {text}: {ids}. Name the one that is meant by its id.")
    return next(iter(live or sorted(named, key=lambda run: run.path is None)), None)


async def cancel_all(cluster: Cluster, ids: Sequence[JobId]) -> dict[JobId, str]:
    """Cancel all that can be; why, by its id, each other was not. Raises HostError."""
    try:
        await cluster.cancel(ids)
    except ClusterError as error:
        if len(ids) == 1:
            return {ids[0]: str(error)}
        each = [await cancel_all(cluster, [job_id]) for job_id in ids]
        return {job_id: why for problem in each for job_id, why in problem.items()}
    return {}


def what_cancel_does(run: Run, behind: Sequence[Run] = ()) -> str:
    """What becomes of a run that is cancelled, and of those behind it, in sentences."""
    if run.state is RunState.WAITING or (run.state is RunState.FAILED and run.can_cancel):
        what = "It has not started, and loses its place in the queue."
        if run.manifest:
            what = f"It loses its place in the queue. What it saved stays: yogo-tui resume {run.name} goes on."
    elif run.path is None:
        what = "It is ended; whether it saves what it has done is up to it."
    elif run.progress and run.progress.epochs:
        where = f"epoch {run.progress.epoch:.1f} of {run.progress.epochs}"
        what = f"It saves and stops, in {where}: yogo-tui resume {run.name} goes on from there."
    else:
        what = f"It stops, and saves what it has trained: yogo-tui resume {run.name} goes on from there."
    names = ", ".join(other.name for other in behind)
    waits = f" {names} behind it can then never start." if behind else ""
    return f"{what}{waits}"
