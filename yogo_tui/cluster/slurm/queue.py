"""squeue: what is asked, and how the answer is read.

A job's name may hold anything, a newline too. So fields end in \\x1f and records in \\x1e, which no name of ours may
hold, and the two fields that a user writes stand last: whatever they hold, the others are read right.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from yogo_tui.cluster.base import Job, JobId, JobState, token_in
from yogo_tui.cluster.slurm.fields import gpus_in_gres, gpus_in_tres, log_names, log_path, moment, seconds, text
from yogo_tui.cluster.slurm.states import first_word, is_hopeless, meaning
from yogo_tui.errors import ClusterUnknown

FIELD, RECORD = "\x1f", "\x1e"
_NAMES = (
    "JobArrayID", "State", "Reason", "Partition", "tres-alloc", "tres-per-node", "NumNodes", "NodeList", "SubmitTime",
    "StartTime", "EndTime", "TimeLimit", "exit_code", "Dependency", "UserName", "JobID", "ArrayJobID", "ArrayTaskID",
    "HetJobID", "BatchHost", "WorkDir", "STDOUT", "Comment", "Name",
)  # fmt: skip
# After the colon, what is no number is printed behind the field, and the field is not cut.
_FORMAT = ",".join(f"{name}:{FIELD}" for name in _NAMES[:-1]) + f",{_NAMES[-1]}:{RECORD}"
_SQUEUE = ("squeue", "--states=all", f"--Format={_FORMAT}")
SQUEUE = (*_SQUEUE, "--me")

_AFTER = re.compile(r"\bafter[a-z]*:(\d+(?:_\d+)?)")


def squeue_of(ids: Sequence[JobId]) -> tuple[str, ...]:
    """Asks for these jobs, whoever's they are. A list of one fails once that job is forgotten: it is named twice."""
    return (*_SQUEUE, f"--jobs={','.join(ids if len(ids) > 1 else (*ids, *ids))}")


def parse_queue(table: str) -> tuple[Job, ...]:
    """All jobs in squeue's answer; what is no record (half of a name that holds \\x1e) is left out.

    Raises ClusterUnknown where there is neither a job nor squeue's heading: no answer is not an empty queue.
    """
    records = [record.split(FIELD, len(_NAMES) - 1) for record in table.split(RECORD)]
    rows = [dict(zip(_NAMES, record, strict=True)) for record in records if len(record) == len(_NAMES)]
    if not rows:
        raise ClusterUnknown("Slurm does not answer: squeue printed no list of jobs, not even its heading.")
    return tuple(_job(row) for row in rows if row["State"] != "STATE")


def _job(row: dict[str, str]) -> Job:
    word = first_word(row["State"])
    state = meaning(word)
    # A job that runs, is done or was cancelled may still carry the reason for which it once waited.
    reason = text(row["Reason"]) if state in (JobState.PENDING, JobState.FAILED, JobState.UNKNOWN) else ""
    # A site's own words may stand before the first record.
    job_id, name = row["JobArrayID"].rpartition("\n")[2], row["Name"]
    num_nodes = int(row["NumNodes"]) if row["NumNodes"].isdecimal() else 1
    log, no_log = log_path(row["STDOUT"], row["WorkDir"], _log_names(row, has_begun=state is not JobState.PENDING))
    return Job(
        id=JobId(job_id),
        name=name,
        state=state,
        word=word,
        reason=reason,
        token=token_in(row["Comment"]),
        partition=row["Partition"],
        num_gpus=gpus_in_tres(row["tres-alloc"]) or gpus_in_gres(row["tres-per-node"]) * num_nodes,
        nodes=text(row["NodeList"]),
        submitted_at=moment(row["SubmitTime"]),
        started_at=moment(row["StartTime"]) if state is not JobState.PENDING else None,
        ended_at=moment(row["EndTime"]) if state.is_over else None,
        time_limit_seconds=seconds(row["TimeLimit"]),
        exit_status=_exit_status(row["exit_code"]) if state.is_over else None,
        log=log,
        no_log=no_log,
        user=row["UserName"],
        after=tuple(JobId(found) for found in _AFTER.findall(row["Dependency"])),
        is_stuck=is_hopeless(state, reason),
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
    """From the status that wait() gives: its second byte is the exit status, its first the signal that killed."""
    if not field.isdecimal():
        return None
    status, signal = divmod(int(field), 256)
    return status or (128 + signal % 128 if signal else 0)
