"""Finds the job of a run among all jobs of a queue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from yogo.run.job import LOCAL
from yogo_tui.cluster.base import Job, JobId
from yogo_tui.launch.whose import is_of
from yogo_tui.runs.found import RunFolder

_MINUTE = timedelta(minutes=1)
"""How much the clocks of two hosts may differ."""


class JobIndex:
    """The jobs of a queue by what may tie one to a run, so that thousands of runs find theirs among many thousands."""

    def __init__(self, jobs: Iterable[Job], cluster: str) -> None:
        self._cluster = cluster
        self._of_token = defaultdict[str, list[tuple[int, Job]]](list)
        self._of_name = defaultdict[str, list[tuple[int, Job]]](list)
        self._of_id = defaultdict[str, list[Job]](list)
        self._writer = dict[PurePosixPath, Job]()
        for place, job in enumerate(jobs):
            (self._of_token[job.token] if job.token else self._of_name[job.name]).append((place, job))
            self._of_id[job.id].append(job)
            if job.log and not job.state.is_over:
                self._writer.setdefault(job.log.parent, job)

    def of(self, folder: RunFolder) -> Job | None:
        """The run's latest job: one of its launch, or one in which the trainer resumed it; None if it is not listed."""
        launched = self._launched(folder)
        entered, since = self._entered(folder)
        if entered is None or launched is None:
            return entered or launched
        submission = folder.submission
        return launched if since is None or (submission and submission.at > since) else entered

    def _launched(self, folder: RunFolder) -> Job | None:
        launch = folder.launch
        if launch is None:
            # If the directory lost its launch.json, its running job is known by the job's log.
            return self._writer.get(folder.path)
        near = [*self._of_token.get(launch.latest_token, ()), *self._of_name.get(launch.job_name, ())]
        if not near:
            return None
        here = [one for one in launch.submissions if one.is_on(self._cluster)]
        # A token identifies the job. Without one (accounting may keep no comments) name and id must both match.
        ids = {one.job_id for one in here}
        is_unanswered = bool(here) and here[-1].job_id is None
        jobs = [job for _, job in sorted(near, key=lambda placed: placed[0]) if is_of(job, launch)]
        mine = [job for job in jobs if job.token or is_unanswered or job.id in ids]
        newest = [job for job in mine if launch.submission and job.id == launch.submission.job_id]
        return next(reversed(newest or mine), None)

    def _entered(self, folder: RunFolder) -> tuple[Job | None, datetime | None]:
        """The job in which the run was trained last and the time when that began, as the trainer recorded them."""
        if not self._of_id:
            return None, None
        if folder.holder:
            job_id, since = folder.holder.job_id, folder.holder.since
            if not folder.holder.is_on(self._cluster):
                return None, None
        elif folder.manifest:
            job_id, since = folder.manifest.job_id or "", folder.manifest.started_at
        else:
            return None, None
        # Job ids are reused, so the job must have existed when the training began.
        for job in self._of_id.get(job_id, ()):
            was_there = job.submitted_at <= since + _MINUTE if job.submitted_at else job.name == folder.name
            had_ended = job.ended_at is not None and job.ended_at < since - _MINUTE
            if was_there and not had_ended:
                return job, since
        return None, None


def asked_for(folder: RunFolder, cluster: str) -> tuple[JobId, ...]:
    """Ids of the jobs of a run that is not over, to ask for even if they have left the queue."""
    if folder.is_over:
        return ()
    ids = []
    submission = folder.submission
    if submission and submission.job_id and submission.is_on(cluster):
        ids.append(submission.job_id)
    if folder.holder and folder.holder.is_on(cluster):
        ids.append(folder.holder.job_id)
    # The trainer's own word, which outlives its lease, of a job that the console has not submitted.
    if (manifest := folder.manifest) and manifest.job_id and manifest.cluster == cluster != LOCAL:
        ids.append(manifest.job_id)
    return tuple(JobId(job_id) for job_id in dict.fromkeys(ids))
