"""Other people's jobs: those of runs in shared folders, asked for by their ids, as a queue of one's own lacks them.

One that is seen is asked for at each look. One that is not, as it has ended, or as the site shows nobody another's
jobs, is asked for ever less often.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from yogo_tui.cluster.base import Job, JobId
from yogo_tui.errors import ClusterError, HostError

_ASK_AGAIN_SECONDS = 60.0
_ASK_AGAIN_AT_MOST_SECONDS = 3600.0


@dataclass(slots=True)
class _Unseen:
    ask_at: float
    pause: float = _ASK_AGAIN_SECONDS


class Others:
    """Asks the queue for jobs that it does not list as one's own."""

    def __init__(self, ask: Callable[[Sequence[JobId]], Awaitable[tuple[Job, ...]]]) -> None:
        self._ask = ask
        self._unseen: dict[JobId, _Unseen] = {}
        self.unanswered: frozenset[JobId] = frozenset()
        """Of the ids last asked for, those for which no answer came."""

    async def jobs(self, ids: Sequence[JobId]) -> tuple[Job, ...]:
        """Those of `ids` that are in the queue, none of them marked as one's own."""
        now = time.monotonic()
        due = [job_id for job_id in ids if job_id not in self._unseen or self._unseen[job_id].ask_at <= now]
        self.unanswered = frozenset()
        if not due:
            return ()
        try:
            found = tuple(replace(job, is_mine=False) for job in await self._ask(due) if job.id in due)
        except (ClusterError, HostError):
            self.unanswered = frozenset(due)
            return ()
        seen = {job.id for job in found}
        for job_id in due:
            if job_id in seen:
                self._unseen.pop(job_id, None)
            else:
                pause = 2 * self._unseen[job_id].pause if job_id in self._unseen else _ASK_AGAIN_SECONDS
                pause = min(pause, _ASK_AGAIN_AT_MOST_SECONDS)
                self._unseen[job_id] = _Unseen(now + pause, pause)
        return found
