"""Joins run directories and jobs into runs, by functions without side effects."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import TypeAlias

from yogo.run.directory import HostRunDirectory
from yogo.run.launch import Kind
from yogo.run.own_log import SHELL
from yogo_tui.cluster.base import Job, Queue
from yogo_tui.launch.purpose import DOCTOR_JOB, SPEED_JOB
from yogo_tui.runs.chains import with_dead_chains
from yogo_tui.runs.found import RunFolder
from yogo_tui.runs.jobs import JobIndex
from yogo_tui.runs.model import Recorded, Run
from yogo_tui.runs.states import Told, state_of, state_of_other_job

_NO_QUEUE = "It was started outside the queue: its output went to that terminal."

_ELSEWHERE = "from another workspace"

KnownJoins: TypeAlias = dict[PurePosixPath, tuple[RunFolder, Job | None, Run]]
"""The runs that are over, with the folder and the job that each was joined from, by their paths."""

_RECORDED = tuple(one.name for one in fields(Recorded))


def join(
    folders: Sequence[RunFolder],
    queue: Queue,
    *,
    cluster: str,
    now: datetime,
    clock_ahead: timedelta = timedelta(),
    elsewhere: Sequence[RunFolder] = (),
    known: KnownJoins | None = None,
) -> tuple[Run, ...]:
    """All runs, newest first: those of `folders`, and the user's jobs that belong to none of them.

    `now` is by the host's clock, which is ahead of this machine's by `clock_ahead`. `elsewhere` are run directories of
    other workspaces that have jobs in the queue. A run that is `known` is the same object as before; what was not known
    is added.
    """
    known = {} if known is None else known
    everywhere = (*folders, *elsewhere)
    jobs = JobIndex(queue.jobs, cluster)
    found = {folder.path: jobs.of(folder) for folder in everywhere}
    runs = []
    for folder in everywhere:
        job = found[folder.path]
        run = _known(known, folder, job, clock_ahead)
        if run is None:
            run = _run(folder, job, queue, cluster, now)
            run = replace(run, clock_ahead=clock_ahead) if clock_ahead else run
            if folder.is_over:
                known[folder.path] = folder, job, run
        runs.append(run)
    other = (replace(run, is_elsewhere=True, why=_words(_ELSEWHERE, run.why)) for run in runs[len(folders) :])
    runs[len(folders) :] = list(other)
    rows = _other_jobs(folders, everywhere, queue, found, cluster)
    runs += (replace(row, clock_ahead=clock_ahead) for row in rows) if clock_ahead else rows
    return with_dead_chains(sorted(runs, key=_age_order, reverse=True))


def _known(known: KnownJoins, folder: RunFolder, job: Job | None, clock_ahead: timedelta) -> Run | None:
    """The run as it was joined before, where all that tells what it is is the same: of one that is over, its folder
    and its job."""
    before = known.get(folder.path)
    if before is None or before[0] is not folder or before[1] != job or before[2].clock_ahead != clock_ahead:
        return None
    return before[2]


def _other_jobs(
    folders: Sequence[RunFolder],
    everywhere: Sequence[RunFolder],
    queue: Queue,
    found: Mapping[PurePosixPath, Job | None],
    cluster: str,
) -> Iterator[Run]:
    """The rows of the user's jobs that are no run's, or not the one that its row shows."""
    taken = {job.id for job in found.values() if job}
    others = [job for job in queue.jobs if job.is_mine and job.id not in taken and not _was_to_find_out(job)]
    if not others:
        return
    shown = {folder.path.parent for folder in folders}
    tokens = {token: folder for folder in everywhere for token in folder.tokens}
    past = _past_jobs(everywhere, cluster)
    for job in others:
        if job.state.is_over and _was_there(job, past.get(job.id)):
            continue
        if job.token in tokens:
            folder = tokens[job.token]
            if not _is_past(job, folder):
                yield _second(job, folder, found[folder.path])
        else:
            yield _foreign(job, shown)


def _was_to_find_out(job: Job) -> bool:
    return job.state.is_over and job.name in (DOCTOR_JOB, SPEED_JOB)


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
        job=job,
        log=before or log,
        log_to_come=log if before else None,
        no_log=no_log,
        holder=folder.holder if folder.is_alive(now) else None,
        **{name: getattr(folder, name) for name in _RECORDED},
    )


def _log(folder: RunFolder, job: Job | None) -> tuple[PurePosixPath | None, str]:
    """The log of the run's latest job, or None and a sentence that says why it is not known."""
    holder, submission = folder.holder, folder.submission
    job_id = _last_job(folder, job)
    if job and job.log and job.id == job_id:
        return job.log, ""
    own = HostRunDirectory(folder.path).log(job_id) if job_id else None
    manifest = folder.manifest
    outside = PurePosixPath(manifest.log) if manifest and manifest.log and manifest.job_id == job_id else None
    if written := own if own and own.name in folder.logs else outside:
        return written, ""
    if folder.logs and not holder:
        return folder.path / folder.logs[-1], ""
    if holder and not holder.job_id:
        return None, _NO_QUEUE
    if own and submission and submission.job_id == job_id and not (job and job.no_log):
        return own, ""
    return None, _no_log(folder, job, job_id)


def _last_job(folder: RunFolder, job: Job | None) -> str | None:
    """The id of the job of its last start, or SHELL for one whose log is in its directory; None if it is not known."""
    holder, manifest, submission = folder.holder, folder.manifest, folder.submission
    if holder:
        return holder.job_id or SHELL
    if job and not job.state.is_over:
        return job.id
    is_kept = HostRunDirectory(folder.path).log(SHELL).name in folder.logs
    is_last = manifest and (submission is None or manifest.started_at > submission.at)
    if is_kept and manifest and is_last and not manifest.job_id:
        return SHELL
    if job is None and manifest and is_last and manifest.job_id:
        return manifest.job_id
    return job.id if job else submission.job_id if submission else None


def _log_before(folder: RunFolder, log: PurePosixPath | None) -> PurePosixPath | None:
    """The previous job's log, if the latest job has written no log into the run's directory; else None."""
    is_to_come = log is not None and log.parent == folder.path and log.name not in folder.logs
    return folder.path / folder.logs[-1] if is_to_come and folder.logs else None


def _no_log(folder: RunFolder, job: Job | None, job_id: str | None) -> str:
    if job and job.no_log:
        return job.no_log
    if job_id:
        return f"It is not known here where job {job_id} writes its output."
    is_in_shell = folder.manifest is not None and not folder.manifest.job_id
    return _NO_QUEUE if is_in_shell else "It is not known here whether it has a log."


def _kind(folder: RunFolder) -> Kind:
    if folder.launch:
        return folder.launch.kind
    return Kind.FINETUNE if folder.manifest and folder.manifest.pretrained else Kind.TRAIN


def _foreign(job: Job, shown: Collection[PurePosixPath]) -> Run:
    """The row of a job that is not a run in the shown folders."""
    state, why = state_of_other_job(job)
    directory = job.log.parent if job.log else None
    is_removed = directory is not None and directory.parent in shown
    where = f"its directory {directory} is gone" if is_removed else _ELSEWHERE
    return _job_row(job, (state, _words(where if job.token else "", why)))


def _past_jobs(folders: Sequence[RunFolder], cluster: str) -> dict[str, datetime]:
    """When the run went on without each of the jobs that it was trained in before, by their ids."""
    manifests = (folder.manifest for folder in folders)
    return {
        past.id: manifest.started_at
        for manifest in manifests
        if manifest
        for past in manifest.past_jobs
        if past.cluster == cluster
    }


def _was_there(job: Job, until: datetime | None) -> bool:
    """Whether the job is as old as that. Ids are reused."""
    return until is not None and job.submitted_at is not None and job.submitted_at <= until


def _is_past(job: Job, folder: RunFolder) -> bool:
    """Whether it is an earlier job of the run, which another job has resumed."""
    submissions = folder.launch.submissions if folder.launch else ()
    return job.state.is_over and job.id in {one.job_id for one in submissions}


def _second(job: Job, folder: RunFolder, first: Job | None) -> Run:
    """The row of a job that has a run's token but is not its job: somebody submitted the run's script again."""
    state, why = state_of_other_job(job)
    submission = folder.submission
    first_id = first.id if first else submission.job_id if submission else None
    which = f", which is job {first_id}" if first_id else ""
    what = f"another job of the run {folder.name}{which}. A launch trains only once, so this job ends by itself"
    return _job_row(job, (state, _words(what, why)))


def _job_row(job: Job, told: Told) -> Run:
    return Run(name=job.name, state=told[0], why=told[1], job=job, log=job.log, no_log=job.no_log)


def _words(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _age_order(run: Run) -> tuple[float, str]:
    return (run.created_at.timestamp() if run.created_at else 0.0, run.name)
