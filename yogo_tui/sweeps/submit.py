"""Submits trials of a sweep as an array, once, and records the result in the launch.json of each.

If the process is killed in between, the trials' own files show what was intended, and the queue tells later which of
them have a job: each is found out like a launch of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from yogo.run.launch import Launch, Outcome, Submission
from yogo.text.wording import counted
from yogo_tui.advice import tui
from yogo_tui.cluster.base import Cluster, Job, JobId, array_of
from yogo_tui.errors import ClusterError, ClusterUnknown, HostError
from yogo_tui.hosts.base import Host
from yogo_tui.hosts.clock import time_there
from yogo_tui.launch.chain import not_submitted
from yogo_tui.launch.plan import LaunchPlan
from yogo_tui.launch.records import intended
from yogo_tui.launch.submit import LOOKED_FOR
from yogo_tui.settings import PinnedSettings, Settings
from yogo_tui.sweeps.questions import PrepareArray, RecordArray, TrialFiles
from yogo_tui.sweeps.record import ArraySubmission, Sweep


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """A trial that can be submitted."""

    index: int
    plan: LaunchPlan
    launch: Launch | None = None
    """Its launch.json as it is; None for a trial without a folder."""

    resumed: PurePosixPath | None = None
    """The run's folder, if its job is to go on with it."""

    attempt: int = 0
    """The attempt that its job begins with."""


@dataclass(frozen=True, slots=True)
class SubmittedArray:
    sweep: Sweep
    """With this submission as its last."""

    array: JobId | None
    """None if it is not known whether it exists."""

    notice: str = ""


async def submit_array(
    host: Host, cluster: Cluster, settings: Settings, sweep: Sweep, trials: Sequence[TrialPlan]
) -> SubmittedArray:
    """Write the files of these trials, and submit them once as an array.

    Raises RunError, LaunchError, TemplateError, ClusterError, HostError. A refusal is raised, and recorded in each
    trial. If there is no answer, the result has a notice and no array.
    """
    await cluster.introduce()
    token, at = f"{secrets.token_hex(8)}-", await time_there(host)
    indexes = tuple(sorted(one.index for one in trials))
    sweep = sweep.with_submission(ArraySubmission(token=token, indexes=indexes, at=at))
    files = tuple(_files(sweep, one, cluster.name, at) for one in trials)
    try:
        script = await host.ask(PrepareArray(PinnedSettings.of(settings), sweep, files))
    except HostError as error:
        raise not_submitted(sweep.name, error) from error
    # If the caller is cancelled now, the answer must still be recorded.
    after = trials[0].plan.after
    record = RecordArray(Path(settings.own_runs_folder), sweep, Outcome.UNKNOWN)
    return await asyncio.shield(_submit(host, cluster, record, script, after))


def _files(sweep: Sweep, one: TrialPlan, cluster: str, at: datetime) -> TrialFiles:
    token = f"{sweep.submissions[-1].token}{one.index}"
    submission = Submission(
        cluster=cluster,
        outcome=Outcome.INTENDED,
        at=at,
        after=one.plan.after,
        token=token if one.launch else "",
        array=sweep.name,
        attempt=one.attempt,
    )
    plan = one.plan
    before = one.launch or intended(plan, token, at, sweep.definition_sha256).model_copy(update={"sweep": sweep.name})
    launch = before.model_copy(update={"submissions": (*before.submissions, submission)})
    return TrialFiles(one.index, plan, launch, one.launch is None, one.resumed)


async def _submit(
    host: Host, cluster: Cluster, record: RecordArray, script: PurePosixPath, after: JobId | None
) -> SubmittedArray:
    sweep = record.sweep
    try:
        array = await _confirmed(cluster, sweep, await cluster.submit(script, after=after))
    except (ClusterUnknown, HostError) as error:
        return await _unanswered(host, cluster, record, str(error))
    except ClusterError as error:
        if await _queued(cluster, sweep) != ():
            return await _unanswered(host, cluster, record, str(error))
        with contextlib.suppress(HostError):  # the refusal is what the user has to know
            await host.ask(replace(record, outcome=Outcome.REFUSED, detail=str(error)))
        raise ClusterError(
            f"{error} The sweep is kept as it is: once that is mended, {tui()} sweep continue {sweep.name}"
        ) from error
    return await _recorded(host, record, array)


async def _recorded(host: Host, record: RecordArray, array: JobId) -> SubmittedArray:
    """A result that cannot be recorded is found out again by a later look at the queue."""
    sweep, at = record.sweep, None
    with contextlib.suppress(HostError):
        at = await time_there(host)
    try:
        await host.ask(replace(record, outcome=Outcome.SUBMITTED, array=array, at=at))
    except HostError as error:
        return SubmittedArray(sweep, array, f"{sweep.name} is array {array}, but this is not recorded yet: {error}")
    return SubmittedArray(sweep, array)


async def _confirmed(cluster: Cluster, sweep: Sweep, said: JobId) -> JobId:
    """The array's id that the queue shows for our token: the number that sbatch printed may come from a site's wrapper.

    Raises ClusterUnknown if the queue shows another job under the printed id.
    """
    ours = await _queued(cluster, sweep)
    if ours is None:
        return said
    if ours:
        return said if said in ours else ours[-1]
    others: tuple[Job, ...] = ()
    with contextlib.suppress(ClusterError, HostError):
        others = await cluster.jobs()
    if any(array_of(job.id) == said for job in others):
        raise ClusterUnknown(f"It is not known which array it became: the reported id {said} is another job's.")
    return said


async def _queued(cluster: Cluster, sweep: Sweep) -> tuple[JobId, ...] | None:
    """The ids of the arrays of its last submission in the queue; None if the queue does not answer."""
    token = sweep.submissions[-1].token
    try:
        jobs = await cluster.jobs()
    except (ClusterError, HostError):
        return None
    return tuple(dict.fromkeys(array_of(job.id) for job in jobs if job.token.startswith(token)))


async def _unanswered(host: Host, cluster: Cluster, record: RecordArray, detail: str) -> SubmittedArray:
    sweep = record.sweep
    with contextlib.suppress(HostError):
        await host.ask(replace(record, detail=detail))
    if ours := await _queued(cluster, sweep):
        return await _recorded(host, record, ours[-1])
    minutes = counted(LOOKED_FOR.seconds // 60, "minute")
    notice = f"It is not known whether the cluster has {sweep.name}: {detail} The console looks for it; if no job "
    return SubmittedArray(sweep, None, f"{notice}appears in {minutes}, it was not accepted.")
