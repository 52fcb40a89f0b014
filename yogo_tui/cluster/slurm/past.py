"""Jobs that have left the queue: how the queue last showed them, and what accounting knows.

Accounting is slow and shared, and some sites have none. So it is asked only about jobs that the queue no longer shows
and whose end was not seen, and not again once their end is known. A look waits for the answer for a few seconds; a
later answer is used by a later look.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace

from yogo_tui.cluster.base import Job, JobId, JobState, array_of, task_token, tasks_in, token_in
from yogo_tui.cluster.slurm.fields import gpus_in_tres, moment, text
from yogo_tui.cluster.slurm.others import ASK_AGAIN_SECONDS, longer
from yogo_tui.cluster.slurm.queue import FIELD
from yogo_tui.cluster.slurm.states import first_word, meaning

_NAMES = (
    "JobID", "State", "ExitCode", "Submit", "Start", "End", "TimelimitRaw", "AllocTRES", "Partition", "NodeList",
    "Comment", "JobName",
)  # fmt: skip
SACCT = ("sacct", "--allocations", "--noheader", "--parsable", f"--delimiter={FIELD}", f"--format={','.join(_NAMES)}")

# Records are found by counting fields, not by line ends: the last field, the name, may hold a newline.
_RECORD = re.compile(rf"((?:[^{FIELD}]*{FIELD}){{{len(_NAMES) - 1}}})(.*?){FIELD}\n", re.DOTALL)

PREEMPTED_FOR_GOOD_SECONDS = 300.0
WAIT_SECONDS = 4.0
"""How long a look at the queue waits for accounting."""


def parse_accounting(table: str) -> tuple[Job, ...]:
    """All jobs in sacct's output."""
    records = ((*fields.split(FIELD)[:-1], name) for fields, name in _RECORD.findall(table))
    rows = [dict(zip(_NAMES, record, strict=True)) for record in records]
    # A row of tasks that waited together goes on naming those that have a row of their own by now.
    ids = [JobId(row["JobID"]) for row in rows]
    return tuple(
        _job(row, one)
        for row, job_id in zip(rows, ids, strict=True)
        for one in (tasks_in(job_id) if token_in(row["Comment"]).endswith("-") else (job_id,))
        if one == job_id or one not in ids
    )


def asked_as(ids: Iterable[JobId]) -> str:
    """The value of --jobs for these ids. Accounting finds a task that never ran by its array's id alone."""
    return ",".join(dict.fromkeys(map(array_of, ids)))


def _job(row: dict[str, str], job_id: JobId) -> Job:
    word = first_word(row["State"])
    status, _, signal = row["ExitCode"].partition(":")
    killed_by = int(signal) if signal.isdecimal() else 0
    state = meaning(word)
    return Job(
        id=job_id,
        name=row["JobName"],
        state=state if state.is_over else JobState.UNKNOWN,  # it is not in the queue, so it neither waits nor runs
        word=word,
        token=task_token(token_in(row["Comment"]), job_id),
        partition=row["Partition"],
        num_gpus=gpus_in_tres(row["AllocTRES"]),
        nodes=text(row["NodeList"]),
        submitted_at=moment(row["Submit"]),
        started_at=moment(row["Start"]),
        ended_at=moment(row["End"]),
        time_limit_seconds=int(row["TimelimitRaw"]) * 60 if row["TimelimitRaw"].isdecimal() else None,
        exit_status=(int(status) or (128 + killed_by if killed_by else 0)) if status.isdecimal() else None,
    )


@dataclass(slots=True)
class _Missing:
    """A job that is not in the queue, and whose end is not known yet."""

    since: float
    ask_at: float
    pause: float = ASK_AGAIN_SECONDS
    found: Job | None = None
    has_answer: bool = False
    """Whether accounting answered the last question, even if it knows no such job."""


class Past:
    """What is known of jobs that are not in the queue. It is kept in memory, not in a file."""

    def __init__(self, ask: Callable[[Sequence[JobId]], Coroutine[None, None, tuple[Job, ...] | None]]) -> None:
        """`ask` asks accounting for these ids; it returns None if accounting does not answer."""
        self._ask = ask
        self._ended: dict[JobId, Job] = {}
        self._missing: dict[JobId, _Missing] = {}
        self._asking: tuple[Sequence[JobId], asyncio.Task[tuple[Job, ...] | None]] | None = None
        self.unanswered: frozenset[JobId] = frozenset()
        """Those of the ids in the last call of `jobs` for which accounting did not answer."""

    def remember(self, queue: Iterable[Job]) -> None:
        """Remember the ended jobs in the queue, which shows them for a few minutes only."""
        for job in queue:
            self._missing.pop(job.id, None)
            self._ended.pop(job.id, None)  # a requeue brings it back
            if job.state.is_over:
                self._ended[job.id] = job

    def knows_end_of(self, job_id: JobId) -> bool:
        return job_id in self._ended

    async def jobs(self, ids: Sequence[JobId]) -> tuple[Job, ...]:
        """Those of `ids` about which something is known."""
        now = time.monotonic()
        for job_id in ids:
            if job_id not in self._ended:
                self._missing.setdefault(job_id, _Missing(since=now, ask_at=now))
        await self._ask_for([job_id for job_id in ids if job_id in self._missing], now)
        missing = (job_id for job_id in ids if job_id in self._missing)
        self.unanswered = frozenset(job_id for job_id in missing if not self._missing[job_id].has_answer)
        known = (self._ended.get(job_id) or self._missing[job_id].found for job_id in ids)
        return tuple(job for job in known if job)

    async def _ask_for(self, ids: Sequence[JobId], now: float) -> None:
        """Ask accounting about the ids that are due. It is asked one question at a time."""
        due = [job_id for job_id in ids if self._missing[job_id].ask_at <= now]
        if self._asking is None and due:
            self._asking = due, asyncio.create_task(self._ask(due))
        if self._asking is None:
            return
        mine = self._asking
        asked, answer = mine
        await asyncio.wait({answer}, timeout=WAIT_SECONDS)
        if answer.done() and self._asking is mine:
            self._asking = None
            self._learn(asked, answer.result(), now)

    def _learn(self, asked: Sequence[JobId], answer: tuple[Job, ...] | None, now: float) -> None:
        found = {job.id: job for job in answer or ()}
        for job_id in asked:
            missing, job = self._missing.get(job_id), found.get(job_id)
            if missing is None:  # it is back in the queue
                continue
            missing.has_answer = answer is not None
            missing.ask_at = now + missing.pause
            missing.pause = longer(missing.pause)
            if answer is None:
                continue
            if job and job.word == "PREEMPTED" and now - missing.since >= PREEMPTED_FOR_GOOD_SECONDS:
                job = replace(job, state=JobState.FAILED, reason="preempted, and not started again")
            missing.found = job
            if job and job.state.is_over:
                self._ended[job_id] = job
                del self._missing[job_id]
