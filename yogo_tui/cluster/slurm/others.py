"""Other people's jobs, which belong to runs in shared folders. The user's own queue lacks them, so that they are
asked for by their ids.

A job that Slurm shows is asked for at each look. A job that it does not show has ended, or the site hides other
people's jobs: it is asked for less and less often.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from yogo_tui.cluster.base import Job, JobId
from yogo_tui.errors import ClusterError, HostError

ASK_AGAIN_SECONDS = 60.0
"""A job that Slurm does not show is asked for again after this time, which doubles each time."""

_ASK_AGAIN_AT_MOST_SECONDS = 3600.0


def longer(pause: float) -> float:
    """The pause after `pause`, in seconds: twice as long, up to an hour."""
    return min(2 * pause, _ASK_AGAIN_AT_MOST_SECONDS)


@dataclass(slots=True)
class _Unseen:
    ask_at: float
    pause: float = ASK_AGAIN_SECONDS


class Others:
    """Asks the queue for jobs of other users."""

    def __init__(self, ask: Callable[[Sequence[JobId]], Awaitable[tuple[Job, ...]]]) -> None:
        self._ask = ask
        self._unseen: dict[JobId, _Unseen] = {}
        self.unanswered: frozenset[JobId] = frozenset()
        """Those of the ids in the last call of `jobs` for which there was no answer."""

    async def jobs(self, ids: Sequence[JobId]) -> tuple[Job, ...]:
        """Those of `ids` that are in the queue, with `is_mine` false."""
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
                pause = longer(self._unseen[job_id].pause) if job_id in self._unseen else ASK_AGAIN_SECONDS
                self._unseen[job_id] = _Unseen(now + pause, pause)
        return found
