"""The arguments of squeue, and the reading of its output.

A job's name may hold any character, a newline too. So fields end in \\x1f and records in \\x1e, which our own names
cannot hold. The two fields that users write come last, so that they cannot shift the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from yogo_tui.cluster.base import Job, JobId, JobState, array_of, task_token, tasks_in, token_in
from yogo_tui.cluster.slurm.fields import gpus_in_gres, gpus_in_tres, log_names, log_path, moment, seconds, text
from yogo_tui.cluster.slurm.reasons import Reason, explained, is_held
from yogo_tui.cluster.slurm.states import first_word, is_hopeless, meaning
from yogo_tui.errors import ClusterUnknown

FIELD, RECORD = "\x1f", "\x1e"
_NAMES = (
    "JobArrayID", "State", "Reason", "Partition", "tres-alloc", "tres-per-node", "NumNodes", "NodeList", "SubmitTime",
    "StartTime", "EndTime", "TimeLimit", "exit_code", "Dependency", "UserName", "JobID", "ArrayJobID", "ArrayTaskID",
    "HetJobID", "BatchHost", "WorkDir", "STDOUT", "Comment", "Name",
)  # fmt: skip
# After the colon, anything that is not a number is printed after the field, and the field is not cut.
_FORMAT = ",".join(f"{name}:{FIELD}" for name in _NAMES[:-1]) + f",{_NAMES[-1]}:{RECORD}"
_SQUEUE = ("squeue", "--states=all", f"--Format={_FORMAT}")
SQUEUE = (*_SQUEUE, "--me")

_AFTER = re.compile(r"\bafter[a-z]*:(\d+(?:_\d+)?)")


def squeue_of(ids: Sequence[JobId]) -> tuple[str, ...]:
    """The command that asks for these jobs, of any user. A single id is given twice, because squeue fails for one id
    that it no longer knows."""
    return (*_SQUEUE, f"--jobs={','.join(ids if len(ids) > 1 else (*ids, *ids))}")


def squeue_tasks(arrays: Sequence[JobId]) -> tuple[str, ...]:
    """The command that asks for each task of these arrays by itself."""
    return (*SQUEUE, "--array", f"--jobs={','.join(arrays)}")


def held_in_part(queue: Iterable[Job]) -> tuple[JobId, ...]:
    """The arrays of ours some of whose waiting tasks are held: squeue lists them together with the others."""
    mixed = (job for job in queue if "_" in job.id and "," in job.reason and "JobHeld" in job.reason)
    return tuple(dict.fromkeys(array_of(job.id) for job in mixed if job.token))


def parse_queue(table: str) -> tuple[Job, ...]:
    """All jobs in squeue's output. Anything that is not a record is skipped.

    Raises ClusterUnknown if the output has neither a job nor squeue's heading: that is not an empty queue.
    """
    records = [record.split(FIELD, len(_NAMES) - 1) for record in table.split(RECORD)]
    rows = [dict(zip(_NAMES, record, strict=True)) for record in records if len(record) == len(_NAMES)]
    if not rows:
        raise ClusterUnknown("Slurm does not answer: squeue printed neither jobs nor its heading.")
    jobs = [job for row in rows if row["State"] != "STATE" for job in _jobs(row)]
    # A heterogeneous job has one log, named after its first part; squeue may print another name for each part.
    first = {JobId(job.id.removesuffix("+0")): job for job in jobs if job.id.endswith("+0")}
    return tuple(
        replace(job, log=leader.log, no_log=leader.no_log)
        if (leader := first.get(JobId(job.id.partition("+")[0])))
        else job
        for job in jobs
    )


def _jobs(row: dict[str, str]) -> Iterator[Job]:
    """The job of a row. Of an array that the console has submitted, each of the tasks that wait is one by itself, and
    the row that is left once all waiting tasks were cancelled is none."""
    # A site's wrapper may print text before the first record.
    job_id = JobId(row["JobArrayID"].rpartition("\n")[2])
    is_ours = token_in(row["Comment"]).endswith("-")
    for one in tasks_in(job_id) if is_ours else (job_id,):
        if is_ours and "_" not in one:
            continue
        yield _job(row if one == job_id else row | {"ArrayTaskID": one.partition("_")[2], "JobID": ""}, one)


def _job(row: dict[str, str], job_id: JobId) -> Job:
    word = first_word(row["State"])
    state = meaning(word)
    # A job that runs, is done or was cancelled may still have the reason for which it waited.
    reason = text(row["Reason"]) if state in (JobState.PENDING, JobState.FAILED, JobState.UNKNOWN) else ""
    told = explained(reason) if state is JobState.PENDING else Reason()
    num_nodes = int(row["NumNodes"]) if row["NumNodes"].isdecimal() else 1
    log, no_log = log_path(row["STDOUT"], row["WorkDir"], _log_names(row, has_begun=state is not JobState.PENDING))
    return Job(
        id=job_id,
        name=row["Name"],
        state=state,
        word=word,
        reason=reason,
        plain_reason=told.words,
        advice=told.advice,
        token=task_token(token_in(row["Comment"]), job_id),
        partition=row["Partition"],
        num_gpus=gpus_in_tres(row["tres-alloc"]) or gpus_in_gres(row["tres-per-node"]) * num_nodes,
        nodes=text(row["NodeList"]),
        submitted_at=moment(row["SubmitTime"]),
        started_at=moment(row["StartTime"]) if state is not JobState.PENDING else None,
        may_start_at=moment(row["StartTime"]) if state is JobState.PENDING else None,
        ended_at=moment(row["EndTime"]) if state.is_over else None,
        time_limit_seconds=seconds(row["TimeLimit"]),
        exit_status=_exit_status(row["exit_code"]) if state.is_over else None,
        log=log,
        no_log=no_log,
        after=tuple(JobId(found) for found in _AFTER.findall(row["Dependency"])),
        is_stuck=is_hopeless(state, reason),
        is_held=state is JobState.PENDING and is_held(reason),
    )


def _log_names(row: dict[str, str], *, has_begun: bool) -> dict[str, str]:
    return log_names(
        job_id=row["JobID"],
        leader=_given(row["HetJobID"]),
        array=_given(row["ArrayJobID"]),
        task=_given(row["ArrayTaskID"]),
        name=row["Name"],
        user=row["UserName"],
        host=_given(row["BatchHost"]) if has_begun else "",
    )


def _given(field: str) -> str:
    return "" if field == "n/a" else text(field)


def _exit_status(field: str) -> int | None:
    """Exit status as in a shell, from the status of wait(): the exit status times 256, plus the signal."""
    if not field.isdecimal():
        return None
    status, signal = divmod(int(field), 256)
    return status or (128 + signal % 128 if signal else 0)
