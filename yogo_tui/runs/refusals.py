"""Why something cannot be done with a run, as far as the list of runs tells; empty where it may be.

Whoever does it looks further, at its files and its job.
"""

from __future__ import annotations

from collections.abc import Iterator

from yogo.run.directory import HostRunDirectory
from yogo.run.launch import Outcome
from yogo_tui.advice import tui
from yogo_tui.cluster.base import Change, JobState
from yogo_tui.errors import LaunchError
from yogo_tui.runs.holding import job_to_change
from yogo_tui.runs.model import Run, RunState

ACTIVE = (RunState.RUNNING, RunState.WAITING, RunState.HELD, RunState.SUSPENDED)


def no_change(run: Run, change: Change, cluster: str) -> str:
    try:
        job_to_change(run, change, cluster)
    except LaunchError as error:
        return str(error)
    return ""


def no_resume(run: Run, holder: str = "") -> str:
    """`holder` is the process that trains it, in words, where that is known."""
    return next(_against_resume(run, holder), "")


def _against_resume(run: Run, holder: str) -> Iterator[str]:
    if run.path is None:
        yield f"{run.name} is {run.of_job}: there is no run to resume."
    if run.path is not None and run.launch is not None and run.launch.is_newer:
        yield f"{run.path / 'launch.json'} was written by a newer yogo-tui: resume the run with that one."
    if run.state is RunState.FINISHED:
        yield f"{run.name} has finished. To train from its weights: {tui()} chain {run.name}."
    if run.state in ACTIVE:
        who = holder or str(run.holder or "") or (f"job {run.job.id}" if run.job else "another process")
        yield f"{run.name} is {run.state}: {who} has it. Cancel it first: {tui()} cancel {run.name}"
    if run.state is RunState.UNKNOWN and run.submission and run.submission.is_unsettled:
        yield f"The state of {run.name} is not known: {run.why}."
    if run.job and run.job.state is JobState.PENDING:  # it can never start, or how it ended is not understood
        yield f"Job {run.job.id} of {run.name} is still in the queue: {tui()} cancel {run.name}"
    for notice in run.notices:
        if run.manifest is None or (run.state is RunState.UNKNOWN and run.why == notice):
            yield f"{run.name} cannot be resumed while it cannot be read: {notice}"


def no_finetune(run: Run) -> str:
    if run.path is None:
        return f"{run.name} is {run.of_job}: fine-tune from a run, or from a .pth."
    if run.state in ACTIVE:
        is_submitted = run.submission is not None and run.submission.outcome is Outcome.SUBMITTED
        is_in_shell = run.holder is not None and not run.holder.job_id
        if is_in_shell or not (run.job or is_submitted):
            return f"{run.name} has no job that a fine-tune could wait for: wait until it has finished."
    elif run.state in (RunState.FAILED, RunState.CANCELLED, RunState.STOPPED):
        best = HostRunDirectory(run.path).best
        say = f" To start from its best weights so far, name the file {best}." if run.has_best else ""
        return f"{run.name} is {run.state}{f': {run.why}' if run.why else ''}.{say}"
    elif run.state is RunState.UNKNOWN and run.launch is not None:
        return f"The state of {run.name} is not known: {run.why}."
    return ""


def no_use(run: Run) -> str:
    """Tests, inferences and exports use its best.pth."""
    if run.has_best:
        return ""
    why = f"is {run.of_job}, not a run" if run.of_job else "has no best.pth" if run.state.is_over else ""
    return f"{run.name} {why or 'has no best.pth yet'}"
