"""squeue: what is asked, and how the answer is read.

A job's name may hold anything, a newline too. So fields end in \\x1f and records in \\x1e, which no name of ours may
hold, and the two fields that a user writes stand last: whatever they hold, the others are read right.
"""

from __future__ import annotations

import re

from yogo_tui.cluster.base import Job, JobId, JobState, token_in
from yogo_tui.cluster.slurm.fields import gpus_in_gres, gpus_in_tres, log_path, moment, seconds, text
from yogo_tui.cluster.slurm.states import first_word, is_hopeless, meaning

FIELD, RECORD = "\x1f", "\x1e"
_NAMES = (
    "JobArrayID", "State", "Reason", "Partition", "tres-alloc", "tres-per-node", "NumNodes", "NodeList", "SubmitTime",
    "StartTime", "EndTime", "TimeLimit", "exit_code", "Dependency", "UserName", "WorkDir", "STDOUT", "Comment", "Name",
)  # fmt: skip
# After the colon, what is no number is printed behind the field, and the field is not cut.
_FORMAT = ",".join(f"{name}:{FIELD}" for name in _NAMES[:-1]) + f",{_NAMES[-1]}:{RECORD}"
SQUEUE = ("squeue", "--me", "--noheader", "--states=all", f"--Format={_FORMAT}")

_AFTER = re.compile(r"\bafter[a-z]*:(\d+(?:_\d+)?)")


def parse_queue(table: str) -> tuple[Job, ...]:
    """All jobs in squeue's answer; what is no record (half of a name that holds \\x1e) is left out."""
    records = (record.lstrip("\n").split(FIELD, len(_NAMES) - 1) for record in table.split(RECORD))
    return tuple(_job(dict(zip(_NAMES, record, strict=True))) for record in records if len(record) == len(_NAMES))


def _job(row: dict[str, str]) -> Job:
    word = first_word(row["State"])
    state = meaning(word)
    # A job that runs, is done or was cancelled may still carry the reason for which it once waited.
    reason = text(row["Reason"]) if state in (JobState.PENDING, JobState.FAILED, JobState.UNKNOWN) else ""
    job_id, name = row["JobArrayID"], row["Name"]
    num_nodes = int(row["NumNodes"]) if row["NumNodes"].isdecimal() else 1
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
        log=log_path(row["STDOUT"], folder=row["WorkDir"], job_id=job_id, name=name, user=row["UserName"]),
        after=tuple(JobId(found) for found in _AFTER.findall(row["Dependency"])),
        is_stuck=is_hopeless(state, reason),
    )


def _exit_status(field: str) -> int | None:
    """From the status that wait() gives: its second byte is the exit status, its first the signal that killed."""
    if not field.isdecimal():
        return None
    status, signal = divmod(int(field), 256)
    return status or (128 + signal % 128 if signal else 0)
