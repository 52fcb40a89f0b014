"""Submits a plan: it writes the run directory with script and intent, submits once, and records the result.

If the process is killed in between, the run directory shows what was intended, and `resolve` finds the result later.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import PurePosixPath

from yogo.run.directory import HostRunDirectory
from yogo.run.launch import Launch, Outcome, Submission
from yogo_tui.cluster.base import Cluster, Job, JobId
from yogo_tui.errors import ClusterError, ClusterUnknown, HostError
from yogo_tui.hosts.base import Host
from yogo_tui.hosts.clock import time_there
from yogo_tui.launch import records
from yogo_tui.launch.checking import check_plan
from yogo_tui.launch.making import make
from yogo_tui.launch.plan import Launched, LaunchPlan
from yogo_tui.launch.whose import is_of, may_be_of
from yogo_tui.settings import Settings

LOOKED_FOR = timedelta(minutes=5)
"""How long the job of an unanswered submission may take to appear. sbatch itself tries for two minutes."""

WITHDRAWN = ".unused"
"""Suffix of a script that was not submitted in time."""

_LOOKED_FOR = f"The console looks for it; if no job appears in {LOOKED_FOR.seconds // 60} minutes, it was not accepted."


_TOO_LATE = (
    f"that took more than {LOOKED_FOR.seconds // 60} minutes, as where this machine sleeps, and another console has "
    "given it up meanwhile. Try it again."
)


Find = Callable[[str], Awaitable[tuple[Job, ...]]]
"""Asks the cluster for the jobs of a name."""


def found_once(cluster: Cluster) -> Find:
    """Asks for each name once."""
    known = dict[str, tuple[Job, ...]]()

    async def find(name: str) -> tuple[Job, ...]:
        if name not in known:
            known[name] = await cluster.find(name)
        return known[name]

    return find


async def launch(host: Host, cluster: Cluster, settings: Settings, plan: LaunchPlan) -> Launched:
    """Create the run directory and submit once. Raises LaunchError, TemplateError, ClusterError, HostError.

    A refusal is raised, and recorded in the run directory. If there is no answer, the result has a notice and no job.
    """
    token = secrets.token_hex(8)
    checked, at = await asyncio.gather(check_plan(host, cluster, settings, plan, token), time_there(host))
    await cluster.introduce()
    first = Submission(cluster=cluster.name, outcome=Outcome.INTENDED, at=at, after=plan.after)
    record = records.intended(plan, token, at, checked.definition_sha256).model_copy(update={"submissions": (first,)})
    run = settings.run(plan.name)
    await make(host, run.path, record, checked.script)
    # If the caller is cancelled now, the answer must still be recorded.
    return await asyncio.shield(submit(host, cluster, run.path, record, run.script))


async def resolve(
    host: Host, cluster: Cluster, directory: PurePosixPath, launch: Launch, find: Find | None = None
) -> Launch:
    """The launch, with the result of a submission that got no answer, if it can be found out.

    The result is its job, if the cluster knows one. It is a refusal if the cluster knows none that could be its job,
    long enough after the submission was recorded, and none has claimed the launch in the run directory. `find` is how
    the cluster is asked first, where several are resolved: all trials of a sweep have jobs of one name. Raises
    ClusterError, HostError.
    """
    submission = launch.submission
    if launch.is_newer or submission is None or not submission.is_unsettled:
        return launch
    find = find or cluster.find
    jobs = await find(launch.job_name)
    job = _own(jobs, launch)
    if job is None:
        if any(may_be_of(job, launch) for job in jobs) or not await _is_overdue(host, directory, launch):
            return launch
        await _withdraw(host, directory, launch)
        job = _own(await cluster.find(launch.job_name), launch)  # it may have been submitted just before
    if job:
        return await _record(host, directory, launch, outcome=Outcome.SUBMITTED, job_id=job.id, detail="")
    if submission.attempt:  # it was to resume the run, which becomes what it was before
        launch = launch.model_copy(update={"submissions": launch.submissions[:-1]})
        await records.write(host, directory, launch)
        return launch
    said = f": {submission.detail}" if submission.detail else ""
    detail = f"the cluster knows no job of it{said}"
    return await _record(host, directory, launch, outcome=Outcome.REFUSED, detail=detail)


async def _is_overdue(host: Host, directory: PurePosixPath, launch: Launch) -> bool:
    """Whether a job of the submission should have been seen by now. Raises HostError."""
    age = await records.age(host, directory)
    if age is None or age < LOOKED_FOR or await _was_claimed(host, directory, launch):
        return False
    return await is_there(host, directory, launch)


def _own(jobs: Iterable[Job], launch: Launch) -> Job | None:
    return next((job for job in jobs if is_of(job, launch)), None)


async def is_there(host: Host, directory: PurePosixPath, launch: Launch) -> bool:
    """Whether the directory still has this submission as its last: where it was given up, it may be another's."""
    return _has(await records.read(host, directory), launch)


def _has(there: Launch | None, launch: Launch) -> bool:
    if there is None or len(there.submissions) != len(launch.submissions):
        return False
    return there.latest_token == launch.latest_token


async def _is_given_up(host: Host, directory: PurePosixPath, record: Launch) -> bool:
    """Whether it was decided elsewhere that this submission has failed."""
    try:
        there = await records.read(host, directory)
    except HostError:
        return False
    return not _has(there, record) or (there is not None and there.submissions[-1].outcome is Outcome.REFUSED)


async def _withdraw(host: Host, directory: PurePosixPath, launch: Launch) -> None:
    """Take the script away: who was to submit it, and slept or had no connection, can do so no more."""
    run, submission = HostRunDirectory(directory), launch.submissions[-1]
    script = run.further_script(len(launch.submissions)) if submission.attempt else run.script
    await host.run(["mv", "-f", "--", str(script), f"{script}{WITHDRAWN}"], is_repeatable=True)


async def _was_claimed(host: Host, directory: PurePosixPath, launch: Launch) -> bool:
    """Whether a job of this launch has started: it claims the launch's token then."""
    try:
        await host.read(HostRunDirectory(directory).claim(launch.latest_token), limit=1)
    except FileNotFoundError:
        return False
    return True


async def mark_cancelled(host: Host, directory: PurePosixPath, launch: Launch) -> None:
    """Record that the user asked to cancel the run. Raises HostError."""
    as_it_is, at = await asyncio.gather(records.read(host, directory), time_there(host))
    launch = as_it_is or launch  # it may have been resumed meanwhile
    if launch.submission and not launch.is_newer:
        await _record(host, directory, launch, cancelled_at=at)


async def submit(
    host: Host, cluster: Cluster, directory: PurePosixPath, record: Launch, script: PurePosixPath
) -> Launched:
    """Submit the script once and record the result in the last submission, which must be recorded as intended.

    Raises ClusterError for a refusal. If there is no answer, the result has a notice and no job. A result that cannot
    be recorded is returned or raised all the same: a later look at the queue finds it out again.
    """
    submission = record.submissions[-1]
    after = JobId(submission.after) if submission.after else None
    try:
        job_id = await _confirmed(cluster, record, await cluster.submit(script, after=after))
    except (ClusterUnknown, HostError) as error:
        return await _unanswered(host, cluster, directory, record, str(error))
    except ClusterError as error:
        if await _is_queued(cluster, record):
            return await _unanswered(host, cluster, directory, record, str(error))
        if await _is_given_up(host, directory, record):
            raise ClusterError(f"{record.name} was not submitted: {_TOO_LATE}") from error
        await _record_if_possible(host, directory, record, outcome=Outcome.REFUSED, detail=str(error))
        raise
    changes: dict[str, object] = {"outcome": Outcome.SUBMITTED, "job_id": job_id}
    with contextlib.suppress(HostError):
        changes["at"] = await time_there(host)
    record, problem = await _record_if_possible(host, directory, record, **changes)
    notice = f"{record.name} is job {job_id}, but this is not recorded yet: {problem}" if problem else ""
    return Launched(record, directory, job_id, notice)


async def _confirmed(cluster: Cluster, record: Launch, said: JobId) -> JobId:
    """The job id that the queue shows for our token: the number that sbatch printed may come from a site's wrapper.

    Raises ClusterUnknown if the queue shows another job under the printed id.
    """
    try:
        jobs = await cluster.jobs()
    except (ClusterError, HostError):
        return said
    ours = [job.id for job in jobs if job.token == record.latest_token]
    if ours:
        return said if said in ours else ours[-1]
    if any(job.id == said and not is_of(job, record) for job in jobs):
        raise ClusterUnknown(f"It is not known which job it became: the reported id {said} belongs to another job.")
    return said


async def _is_queued(cluster: Cluster, record: Launch) -> bool:
    """Whether the queue shows a job, or does not answer, although the submission was reported as refused."""
    try:
        return any(is_of(job, record) for job in await cluster.jobs())
    except (ClusterError, HostError):
        return True


async def _unanswered(host: Host, cluster: Cluster, directory: PurePosixPath, record: Launch, detail: str) -> Launched:
    record, _ = await _record_if_possible(host, directory, record, outcome=Outcome.UNKNOWN, detail=detail)
    # If the cluster does not answer again, the run is shown as unknown, and later looks at the queue try again.
    with contextlib.suppress(ClusterError, HostError):
        record = await resolve(host, cluster, directory, record)
    if job_id := record.submissions[-1].job_id:
        return Launched(record, directory, JobId(job_id))
    notice = f"It is not known whether the cluster has {record.name}: {detail} {_LOOKED_FOR}"
    return Launched(record, directory, None, notice)


async def _record(host: Host, directory: PurePosixPath, record: Launch, **changes: object) -> Launch:
    """Change the last submission of the record, and write it. Returns the new record. Raises HostError."""
    record = _changed(record, changes)
    await records.write(host, directory, record)
    return record


async def _record_if_possible(
    host: Host, directory: PurePosixPath, record: Launch, **changes: object
) -> tuple[Launch, str]:
    """The record with its last submission changed, and why it may not have been written; empty if it was."""
    begun, record = record.submissions[-1].at, _changed(record, changes)
    try:
        # Who slept meanwhile may be taken for gone: after so long, it may have been decided elsewhere.
        if await time_there(host) - begun > LOOKED_FOR / 2 and not await is_there(host, directory, record):
            return record, "its folder belongs to another launch by now."
        await records.write(host, directory, record)
    except HostError as error:
        return record, str(error)
    return record, ""


def _changed(record: Launch, changes: Mapping[str, object]) -> Launch:
    last = record.submissions[-1].model_copy(update=changes)
    return record.model_copy(update={"submissions": (*record.submissions[:-1], last)})
