"""Run directories and jobs, joined into the runs there are. Pure: what was seen goes in, what is shown comes out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from yogo.run.launch import Kind, Launch
from yogo_tui.cluster.base import Job, JobId, Queue
from yogo_tui.launch.script import COMMENT, log_path
from yogo_tui.launch.submit import is_of
from yogo_tui.runs.chains import with_dead_chains
from yogo_tui.runs.folder import RunFolder
from yogo_tui.runs.model import Run
from yogo_tui.runs.states import Told, state_of, state_of_other_job

_NO_QUEUE = "Started outside the queue: its output went to that terminal."

_ELSEWHERE = "from another workspace"

_MINUTE = timedelta(minutes=1)
"""By which the clocks of two hosts may differ."""


def join(
    folders: Sequence[RunFolder],
    queue: Queue,
    *,
    cluster: str,
    now: datetime,
    elsewhere: Sequence[RunFolder] = (),
) -> tuple[Run, ...]:
    """Every run, newest first: those of the folders, and the jobs that are none of theirs.

    `elsewhere` are directories of other workspaces in which jobs of the queue train.
    """
    everywhere = (*folders, *elsewhere)
    found = {folder.path: job_of(folder, queue.jobs, cluster) for folder in everywhere}
    taken = {job.id for job in found.values() if job}
    tokens = {token: folder for folder in everywhere for token in tokens_of(folder.launch)}
    runs = [_run(folder, found[folder.path], queue, cluster, now) for folder in everywhere]
    runs[len(folders) :] = [_of_elsewhere(run) for run in runs[len(folders) :]]
    for job in queue.jobs:
        if job.id in taken or not job.is_mine:
            continue
        token = job.token.removeprefix(COMMENT)
        if token in tokens:
            if not _is_past(job, tokens[token]):
                runs.append(_second(job, tokens[token], found[tokens[token].path]))
        else:
            runs.append(_foreign(job, {folder.path.parent for folder in folders}))
    return with_dead_chains(sorted(runs, key=_age_order, reverse=True))


def tokens_of(launch: Launch | None) -> set[str]:
    """What the jobs of a launch carry in their comments."""
    return {launch.token, *(one.token for one in launch.submissions if one.token)} if launch else set()


def job_of(folder: RunFolder, jobs: Sequence[Job], cluster: str) -> Job | None:
    """The job that a run last became: one that it was launched as, or one in which somebody went on with it."""
    launched = _launched(folder, jobs, cluster)
    entered, since = _entered(folder, jobs, cluster)
    if entered is None or launched is None:
        return entered or launched
    submission = folder.launch.submission if folder.launch else None
    return launched if since is None or (submission and submission.at > since) else entered


def _launched(folder: RunFolder, jobs: Sequence[Job], cluster: str) -> Job | None:
    launch = folder.launch
    if launch is None:
        # One that trains on in a directory that was removed or lost its launch.json is known by its log.
        writers = [job for job in jobs if job.log and job.log.parent == folder.path and not job.state.is_over]
        return next(iter(writers), None)
    here = [one for one in launch.submissions if one.is_on(cluster)]
    # A token tells for certain; without one (no comments in accounting) the id must go with the name.
    ids = {one.job_id for one in here}
    is_unanswered = bool(here) and here[-1].job_id is None
    mine = [job for job in jobs if is_of(job, launch) and (job.token or is_unanswered or job.id in ids)]
    newest = [job for job in mine if launch.submission and job.id == launch.submission.job_id]
    return next(reversed(newest or mine), None)


def _entered(folder: RunFolder, jobs: Iterable[Job], cluster: str) -> tuple[Job | None, datetime | None]:
    """The job in which the run was trained last, and since when, as the trainer itself wrote down."""
    if folder.holder:
        job_id, since = folder.holder.job_id, folder.holder.since
        if not folder.holder.is_on(cluster):
            return None, None
    elif folder.manifest:
        job_id, since = folder.manifest.job_id or "", folder.manifest.started_at
    else:
        return None, None
    # Ids are given again, so the job must have been there when the training began.
    for job in jobs:
        was_there = job.submitted_at <= since + _MINUTE if job.submitted_at else job.name == folder.name
        had_ended = job.ended_at is not None and job.ended_at < since - _MINUTE
        if job.id == job_id and was_there and not had_ended:
            return job, since
    return None, None


def asked_for(folder: RunFolder, cluster: str) -> tuple[JobId, ...]:
    """The jobs of a run that is not over, to be asked about even when they have left the queue."""
    if folder.is_over:
        return ()
    ids = []
    submission = folder.launch.submission if folder.launch else None
    if submission and submission.job_id and submission.is_on(cluster):
        ids.append(submission.job_id)
    if folder.holder and folder.holder.is_on(cluster):
        ids.append(folder.holder.job_id)
    return tuple(JobId(job_id) for job_id in dict.fromkeys(ids))


def _run(folder: RunFolder, job: Job | None, queue: Queue, cluster: str, now: datetime) -> Run:
    state, why = state_of(folder, job, queue, cluster, now)
    log, no_log = _log(folder, job)
    before = _log_before(folder, log)
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
        log=before or log,
        log_to_come=log if before else None,
        no_log=no_log,
        has_best=folder.has_best,
        progress=folder.progress,
        map50=folder.map50,
        doubts=folder.doubts,
        holder=folder.holder if folder.is_alive(now) else None,
        notices=folder.notices,
    )


def _log(folder: RunFolder, job: Job | None) -> tuple[PurePosixPath | None, str]:
    """Where the run's latest job writes, or why that is not known."""
    holder = folder.holder
    if holder and not holder.job_id:
        return None, _NO_QUEUE
    submission = folder.launch.submission if folder.launch else None
    job_id = holder.job_id if holder else job.id if job else submission.job_id if submission else None
    if job and job.log and job.id == job_id:
        return job.log, ""
    own = [name for name in folder.logs if job_id and name == log_path(folder.path, job_id).name]
    if own or (folder.logs and not holder):
        return folder.path / (own or folder.logs)[-1], ""
    if submission and submission.job_id and submission.job_id == job_id and not (job and job.no_log):
        return log_path(folder.path, submission.job_id), ""
    return None, _no_log(folder, job, job_id)


def _log_before(folder: RunFolder, log: PurePosixPath | None) -> PurePosixPath | None:
    """The log of the job before, where the latest job has not written into the run's directory yet, or never did."""
    is_to_come = log is not None and log.parent == folder.path and log.name not in folder.logs
    return folder.path / folder.logs[-1] if is_to_come and folder.logs else None


def _no_log(folder: RunFolder, job: Job | None, job_id: str | None) -> str:
    if job and job.no_log:
        return job.no_log
    if job_id:
        return f"Where job {job_id} writes its output is not known here."
    is_in_shell = folder.manifest is not None and not folder.manifest.job_id
    return _NO_QUEUE if is_in_shell else "No log of it is known here."


def _kind(folder: RunFolder) -> Kind:
    if folder.launch:
        return folder.launch.kind
    return Kind.FINETUNE if folder.manifest and folder.manifest.pretrained else Kind.TRAIN


def _of_elsewhere(run: Run) -> Run:
    return replace(run, is_elsewhere=True, why=_words(_ELSEWHERE, run.why))


def _foreign(job: Job, shown: Collection[PurePosixPath]) -> Run:
    """A job of the user's that is no run of the folders that are shown."""
    state, why = state_of_other_job(job)
    directory = job.log.parent if job.log else None
    is_removed = directory is not None and directory.parent in shown
    where = f"its directory {directory} is gone" if is_removed else _ELSEWHERE
    return _job_row(job, (state, _words(where if job.token else "", why)))


def _is_past(job: Job, folder: RunFolder) -> bool:
    """Whether it is what the run was before it went on in another job."""
    submissions = folder.launch.submissions if folder.launch else ()
    return job.state.is_over and job.id in {one.job_id for one in submissions}


def _second(job: Job, folder: RunFolder, first: Job | None) -> Run:
    """A job that carries a run's token and is not the one that trains it: the run's own script was submitted again."""
    state, why = state_of_other_job(job)
    submission = folder.launch.submission if folder.launch else None
    first_id = first.id if first else submission.job_id if submission else None
    which = f", which is job {first_id}" if first_id else ""
    what = f"another job of the run {folder.name}{which}: one launch trains once, so this one ends by itself"
    return _job_row(job, (state, _words(what, why)))


def _job_row(job: Job, told: Told) -> Run:
    return Run(name=job.name, state=told[0], why=told[1], job=job, log=job.log, no_log=job.no_log)


def _words(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _age_order(run: Run) -> tuple[float, str]:
    return (run.created_at.timestamp() if run.created_at else 0.0, run.name)
