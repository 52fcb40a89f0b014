"""Tells which run waits for which other run, and which runs can never start."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from yogo_tui.cluster.base import JobState
from yogo_tui.runs.model import Run, RunState


def waits_for(run: Run) -> frozenset[str]:
    """Ids of the jobs that must succeed before the run starts; empty once it has started."""
    if run.path is None or not (run.state.is_waiting or _is_stuck(run)):
        return frozenset()
    submission = run.submission
    after = [submission.after] if submission and submission.after else []
    return frozenset((*after, *(run.job.after if run.job else ())))


def behind(run: Run, runs: Iterable[Run]) -> tuple[Run, ...]:
    """All runs that wait for this run, directly or through another one."""
    left, found, ids = list(runs), [run], _ids(run)
    while near := [other for other in left if other not in found and waits_for(other) & ids]:
        found += near
        ids = frozenset().union(*map(_ids, near))
    return tuple(found[1:])


def with_dead_chains(runs: Sequence[Run]) -> tuple[Run, ...]:
    """The runs, where those that wait for a run that cannot finish any more are marked as failed."""
    if not any(run.state.is_waiting for run in runs):
        return tuple(runs)
    told = {id(run): run for run in runs}
    by_job = {job_id: key for key, run in told.items() for job_id in _ids(run)}
    for _ in runs:
        dead = [
            (key, told[by_job[parent]])
            for key, run in told.items()
            if run.state.is_waiting
            for parent in sorted(waits_for(run))
            if parent in by_job and _is_lost(told[by_job[parent]])
        ]
        for key, parent_run in dead:
            why = f"it can never start: it waits for {parent_run.name}, which {_what(parent_run)}; cancel it"
            told[key] = replace(told[key], state=RunState.FAILED, why=why)
        if not dead:
            break
    return tuple(told.values())


def _ids(run: Run) -> frozenset[str]:
    submission = run.submission
    ids = (run.job.id if run.job else None, submission.job_id if submission else None)
    return frozenset(job_id for job_id in ids if job_id)


def _is_lost(run: Run) -> bool:
    """Whether a job that waits for the success of this run's job can never start."""
    if run.job and run.job.state.is_over:
        return run.job.state is not JobState.DONE
    if run.job:
        return _is_stuck(run)
    return run.state.is_over and run.state is not RunState.FINISHED


def _is_stuck(run: Run) -> bool:
    return run.state is RunState.FAILED and run.can_cancel


def _what(run: Run) -> str:
    match run.state:
        case RunState.CANCELLED:
            return "was cancelled"
        case RunState.STOPPED:
            return "was stopped"
        case _:
            return "can never start" if _is_stuck(run) else "failed"
