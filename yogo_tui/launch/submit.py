"""From a plan to a job: the run directory with its script and its intent first, then one submission, then its outcome.

Should anything be killed in between, the run directory tells what was meant, and `resolve` finds out what became of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from datetime import timedelta
from pathlib import Path, PurePosixPath

from yogo.definition import DatasetDefinition, InvalidDatasetDefinitionFile
from yogo.errors import RunError
from yogo.run.launch import Launch, Outcome, Submission
from yogo.run.record import now
from yogo_tui.cluster.base import Cluster, Job, JobId
from yogo_tui.errors import ClusterError, ClusterUnknown, HostError
from yogo_tui.hosts.base import Host
from yogo_tui.hosts.here import HereHost
from yogo_tui.launch.checking import check_plan
from yogo_tui.launch.making import make
from yogo_tui.launch.plan import Launched, Plan
from yogo_tui.launch.script import COMMENT, render
from yogo_tui.settings import Settings

LOOKED_FOR = timedelta(minutes=5)
"""How long after a submission without an answer its job may still appear: sbatch itself tries for two minutes."""

_LOOKED_FOR = f"It is looked for; if no job of it shows in {LOOKED_FOR.seconds // 60} minutes, it was not accepted."


async def launch(host: Host, cluster: Cluster, settings: Settings, plan: Plan) -> Launched:
    """Make the run and submit it once. Raises LaunchError, TemplateError, ClusterError, HostError.

    A refusal is raised and recorded in the run directory; no answer is returned, as a notice.
    """
    await check_plan(host, settings, plan)
    await cluster.introduce()
    record = Launch(
        name=plan.name,
        kind=plan.kind,
        token=secrets.token_hex(8),
        definition=str(plan.definition),
        definition_sha256=await asyncio.to_thread(_said, host, Path(plan.definition)),
        recipe=plan.recipe,
        preset=plan.preset,
        size=plan.size,
        parent=plan.parent,
        reset_head=plan.reset_head,
        submissions=(Submission(cluster=cluster.name, outcome=Outcome.INTENDED, after=plan.after),),
    )
    script = render(settings, plan, record.token)
    directory = PurePosixPath(settings.runs_folder / plan.name)
    await make(host, directory, record, script)
    # Whoever stops waiting now must not stop the answer from being written down.
    return await asyncio.shield(submit(host, cluster, directory, record, directory / "job.sbatch"))


async def resolve(host: Host, cluster: Cluster, directory: PurePosixPath, launch: Launch) -> Launch:
    """The launch, with what became of a submission that got no answer, as far as the cluster can tell.

    Its job, if there is one; "not accepted" once the cluster has answered, long enough after, that it knows of none,
    and none has left its claim in the run directory. Raises ClusterError, HostError.
    """
    submission = launch.submission
    if launch.is_newer or submission is None or submission.outcome not in (Outcome.INTENDED, Outcome.UNKNOWN):
        return launch
    for job in await cluster.find(launch.name):
        if is_of(job, launch):
            return await _record(host, directory, launch, outcome=Outcome.SUBMITTED, job_id=job.id, detail="")
    if now() - submission.at < LOOKED_FOR or await _was_claimed(host, directory, launch):
        return launch
    if submission.attempt:  # it was to go on with the run, which is again what it was before
        launch = launch.model_copy(update={"submissions": launch.submissions[:-1]})
        await write(host, directory, launch)
        return launch
    said = f": {submission.detail}" if submission.detail else ""
    detail = f"the cluster knows of no job of it{said}"
    return await _record(host, directory, launch, outcome=Outcome.REFUSED, detail=detail)


async def _was_claimed(host: Host, directory: PurePosixPath, launch: Launch) -> bool:
    """Whether a job of this launch has begun, which then claimed its token."""
    try:
        await host.read(directory / "lease" / f"token-{launch.latest_token}", limit=1)
    except FileNotFoundError:
        return False
    return True


def is_of(job: Job, launch: Launch) -> bool:
    """Whether a job is what this launch last became: by its token, or, where none was kept, by its name and time."""
    if job.token:
        return job.token.removeprefix(COMMENT) == launch.latest_token
    if job.name != launch.name:
        return False
    submission = launch.submission
    since = submission.at if submission and submission.token else launch.created_at
    return job.submitted_at is None or job.submitted_at >= since - timedelta(minutes=1)


def was_of(job: Job, launch: Launch) -> bool:
    """Whether a job is what one of this launch's submissions became, the latest or an earlier one."""
    if job.token:
        return job.token.removeprefix(COMMENT) in launch.tokens
    return job.name == launch.name and job.id in {one.job_id for one in launch.submissions}


async def mark_cancelled(host: Host, directory: PurePosixPath, launch: Launch) -> None:
    """Write down that the user asked to cancel it. Raises HostError."""
    with contextlib.suppress(FileNotFoundError, RunError):  # somebody may have gone on with it meanwhile
        launch = Launch.parse((await host.read(directory / "launch.json")).data, "launch.json")
    if launch.submission and not launch.is_newer:
        await _record(host, directory, launch, cancelled_at=now())


def _said(host: Host, definition: Path) -> str | None:
    """The digest of what the definition says; None where it cannot be read from here."""
    if not isinstance(host, HereHost):  # another machine's file may lie under the same path
        return None
    with contextlib.suppress(InvalidDatasetDefinitionFile):
        return DatasetDefinition.from_yaml(definition).sha256
    return None


async def submit(
    host: Host, cluster: Cluster, directory: PurePosixPath, record: Launch, script: PurePosixPath
) -> Launched:
    """Submit the script of the last submission, whose intent is written down, and write down what became of it.

    Raises ClusterError for a refusal; no answer is returned, as a notice.
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
        await _record(host, directory, record, outcome=Outcome.REFUSED, detail=str(error))
        raise
    record = await _record(host, directory, record, outcome=Outcome.SUBMITTED, job_id=job_id, at=now())
    return Launched(launch=record, directory=directory, job_id=job_id)


async def _confirmed(cluster: Cluster, record: Launch, said: JobId) -> JobId:
    """The id that the queue shows for our token: what was said may be a number of a site's own.

    Raises ClusterUnknown where the queue shows another job under the id that was said.
    """
    try:
        jobs = await cluster.jobs()
    except (ClusterError, HostError):
        return said
    ours = [job.id for job in jobs if job.token.removeprefix(COMMENT) == record.latest_token]
    if ours:
        return said if said in ours else ours[-1]
    if any(job.id == said and not is_of(job, record) for job in jobs):
        raise ClusterUnknown(f"It is not known which job it became: {said}, as was said, is another one.")
    return said


async def _is_queued(cluster: Cluster, record: Launch) -> bool:
    """Whether there is a job, or may be one, although it was said to be refused."""
    try:
        return any(is_of(job, record) for job in await cluster.jobs())
    except (ClusterError, HostError):
        return True


async def _unanswered(host: Host, cluster: Cluster, directory: PurePosixPath, record: Launch, detail: str) -> Launched:
    record = await _record(host, directory, record, outcome=Outcome.UNKNOWN, detail=detail)
    # Should it not answer again: the run is shown as unknown, and looked for at each look at the queue.
    with contextlib.suppress(ClusterError, HostError):
        record = await resolve(host, cluster, directory, record)
    last = record.submissions[-1]
    notice = f"It is not known whether the cluster has {record.name}: {detail} {_LOOKED_FOR}" if not last.job_id else ""
    return Launched(launch=record, directory=directory, job_id=_id(last), notice=notice)


def _id(submission: Submission) -> JobId | None:
    return JobId(submission.job_id) if submission.job_id else None


async def _record(host: Host, directory: PurePosixPath, record: Launch, **changes: object) -> Launch:
    """The record with its last submission changed, on the disk."""
    last = record.submissions[-1].model_copy(update=changes)
    record = record.model_copy(update={"submissions": (*record.submissions[:-1], last)})
    await write(host, directory, record)
    return record


async def write(host: Host, directory: PurePosixPath, record: Launch) -> None:
    """Replace the run's launch.json. Raises HostError."""
    await host.write(directory / "launch.json", (record.model_dump_json(indent=2) + "\n").encode())
