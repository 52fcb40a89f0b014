"""Run directories and jobs, joined into the runs there are. Pure: what was seen goes in, what is shown comes out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from yogo.run.launch import Kind, Outcome, Submission
from yogo_tui.cluster.base import Job, JobState, Queue
from yogo_tui.launch.script import log_path
from yogo_tui.launch.submit import is_of, was_of
from yogo_tui.runs.folder import RunFolder
from yogo_tui.runs.model import Run, RunState

_FRESH = timedelta(minutes=5)
"""A run without a job of this cluster counts as alive while it writes events this often."""

_LISTED_AFTER = timedelta(seconds=10)
"""A queue seen sooner after a submission may not list its job yet."""

_UNANSWERED = "whether it was queued is not known, no job has its name: make sure before it is launched anew"

_UNSEEN = "the queue has not been seen yet"

Told = tuple[RunState, str]
"""A state, and a sentence that says why."""


def join(folders: Sequence[RunFolder], queue: Queue, *, cluster: str, now: datetime) -> tuple[Run, ...]:
    """Every run, newest first: those of the folders, and the jobs that the console did not start."""
    found = {folder.path: job_of(folder, queue.jobs, cluster) for folder in folders}
    taken = {job.id for job in found.values() if job}
    runs = [_run(folder, found[folder.path], queue, cluster, now) for folder in folders]
    others = [job for job in queue.jobs if job.id not in taken]
    earlier = {job.id for job in others for folder in folders if folder.launch and was_of(job, folder.launch)}
    runs += [_foreign(job) for job in others if job.id not in earlier]
    return tuple(sorted(runs, key=_age_order, reverse=True))


def job_of(folder: RunFolder, jobs: Sequence[Job], cluster: str) -> Job | None:
    """The job that a run directory was launched as; the latest, should there be several."""
    launch = folder.launch
    if launch is None:
        job_id = folder.manifest.job_id if folder.manifest else None
        return next((job for job in jobs if job.id == job_id and job.name == folder.name), None)
    here = [one for one in launch.submissions if one.cluster == cluster]
    # A token tells for certain; without one (no comments in accounting) the id must go with the name.
    ids = {one.job_id for one in here}
    is_unanswered = bool(here) and here[-1].job_id is None
    mine = [job for job in jobs if is_of(job, launch) and (job.token or is_unanswered or job.id in ids)]
    newest = [job for job in mine if launch.submission and job.id == launch.submission.job_id]
    return next(reversed(newest or mine), None)


def _run(folder: RunFolder, job: Job | None, queue: Queue, cluster: str, now: datetime) -> Run:
    state, why = _state(folder, job, queue, cluster, now)
    log = folder.path / folder.logs[-1] if folder.logs else None
    submission = folder.launch.submission if folder.launch else None
    if log is None and job:
        log = job.log
    if log is None and submission and submission.job_id:
        log = log_path(folder.path, submission.job_id)
    return Run(
        name=folder.name,
        state=state,
        path=folder.path,
        kind=_kind(folder),
        why=why,
        launch=folder.launch,
        manifest=folder.manifest,
        result=folder.result,
        job=job,
        log=log,
        has_best=folder.has_best,
        progress=folder.progress,
        map50=folder.map50,
        doubts=folder.doubts,
        notices=folder.notices,
    )


def _kind(folder: RunFolder) -> Kind:
    if folder.launch:
        return folder.launch.kind
    return Kind.FINETUNE if folder.manifest and folder.manifest.pretrained else Kind.TRAIN


def _foreign(job: Job) -> Run:
    """A job of the user's that the console did not start."""
    state, why = _state_of_job(job) if not job.state.is_over else _ended(job)
    return Run(name=job.name, state=state, why=why, job=job, log=job.log)


def _state(folder: RunFolder, job: Job | None, queue: Queue, cluster: str, now: datetime) -> Told:
    if folder.is_over:
        return _receipt(folder)
    if job is not None:
        return _state_of_job(job) if not job.state.is_over else _without_receipt(folder, job)
    submission = folder.launch.submission if folder.launch else None
    if submission is None or submission.cluster != cluster:
        return _by_its_files(folder, submission, queue, now)
    return _gone(submission, queue)


def _receipt(folder: RunFolder) -> Told:
    assert folder.result is not None
    if folder.result.outcome == "failed":
        if signal := folder.result.stopped_by or _old_signal(folder.result.reason):
            return _stopped(folder, signal)
        return RunState.FAILED, folder.result.reason or "it failed, and did not say why: its log may"
    if not folder.has_best:
        return RunState.FAILED, "its receipt says that it finished, but best.pth is not there"
    return RunState.FINISHED, folder.result.reason


def _stopped(folder: RunFolder, signal: str) -> Told:
    submission = folder.launch.submission if folder.launch else None
    if submission and submission.cancelled_at:
        return RunState.CANCELLED, ""
    return RunState.STOPPED, f"by {'Ctrl-C' if signal == 'SIGINT' else signal}"


def _old_signal(reason: str) -> str:
    """The signal that receipts once named in their reason alone; empty where there was none."""
    name = reason.removeprefix("stopped by ")
    return name if name != reason and name.startswith("SIG") and name.isalnum() else ""


def _state_of_job(job: Job) -> Told:
    """The state of one that waits or runs."""
    if job.is_stuck:
        reason = f" ({job.reason})" if job.reason else ""
        return RunState.FAILED, f"it can never start{reason}: cancel it, then launch it anew"
    if job.state is JobState.PENDING:
        after = f"after job {', '.join(job.after)}" if job.after else ""
        return RunState.WAITING, ", ".join(part for part in (job.reason, after) if part)
    if job.state is JobState.RUNNING:
        return RunState.RUNNING, ""
    return RunState.UNKNOWN, f"the scheduler calls it {job.word or 'by no word'}{f' ({job.reason})' * bool(job.reason)}"


def _ended(job: Job) -> Told:
    """The state of a job that is no run of ours: all there is to go by is what the scheduler says."""
    if job.state is JobState.DONE:
        return RunState.FINISHED, ""
    if job.state is JobState.CANCELLED:
        return RunState.CANCELLED, ""
    return RunState.FAILED, _how(job)


def _without_receipt(folder: RunFolder, job: Job) -> Told:
    if job.state is JobState.CANCELLED:
        return RunState.CANCELLED, ""
    submission = folder.launch.submission if folder.launch else None
    if submission and submission.cancelled_at:
        return RunState.CANCELLED, ""
    if job.state is JobState.DONE:
        return RunState.FAILED, f"job {job.id} ended without a receipt (result.json): its log tells more"
    return RunState.FAILED, f"{_how(job)}: its log tells more"


def _how(job: Job) -> str:
    word = job.word or str(job.state)
    details = [job.reason] if job.reason and job.reason != "None" else []
    if job.exit_status is not None:
        details.append(f"exit status {job.exit_status}")
    return f"job {job.id} ended as {word}" + (f" ({', '.join(details)})" if details else "")


def _gone(submission: Submission, queue: Queue) -> Told:
    """The state of a run whose job the cluster does not list."""
    match submission.outcome:
        case Outcome.REFUSED:
            return RunState.FAILED, f"it was not accepted: {submission.detail}"
        case Outcome.INTENDED | Outcome.UNKNOWN:
            return RunState.UNKNOWN, _UNANSWERED + (f" ({submission.detail})" if submission.detail else "")
    if submission.cancelled_at:
        return RunState.CANCELLED, ""
    if queue.seen_at is None or queue.stale:
        return RunState.UNKNOWN, queue.stale or _UNSEEN
    if queue.seen_at <= submission.at + _LISTED_AFTER:
        return RunState.WAITING, "just submitted"
    return RunState.FAILED, f"job {submission.job_id} is gone and left no receipt (result.json): its log tells more"


def _by_its_files(folder: RunFolder, submission: Submission | None, queue: Queue, now: datetime) -> Told:
    """The state of a run that no job here stands for: started by hand, elsewhere, or long ago."""
    if folder.written_at and now - folder.written_at < _FRESH:
        return RunState.RUNNING, ""
    if submission and queue.seen_at is None:
        return RunState.UNKNOWN, queue.stale or _UNSEEN
    if submission:
        return RunState.UNKNOWN, f"it was submitted to the cluster {submission.cluster}, which is not asked from here"
    if folder.manifest or folder.written_at:
        return RunState.FAILED, "it stopped without a receipt (result.json)"
    return RunState.UNKNOWN, "a checkpoint without a receipt: it can be fine-tuned from"


def _age_order(run: Run) -> tuple[float, str]:
    return (run.created_at.timestamp() if run.created_at else 0.0, run.name)
