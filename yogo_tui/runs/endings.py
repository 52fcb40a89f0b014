"""Which runs have ended since they were looked at last."""

from __future__ import annotations

from datetime import datetime

from yogo_tui.runs.model import Run
from yogo_tui.runs.watcher import Runs


class Endings:
    """Is given each look at the runs."""

    def __init__(self) -> None:
        self._active: set[object] = set()
        """The runs that were seen before they were over."""

        self._gone: dict[object, datetime | None] = {}
        """When those were seen first that are over by neither a receipt nor a job: the queue may lack a job for a
        moment."""

    def since(self, seen: Runs) -> tuple[Run, ...]:
        """The runs of this workspace, and the jobs that use one, that were not over at an earlier look, and are now."""
        ended = []
        for run in seen.runs:
            if (run.path is None and run.use_folder is None) or run.is_elsewhere:
                continue
            if not run.state.is_over:
                self._active.add(run.key)
                self._gone.pop(run.key, None)
            elif run.key in self._active and self._is_sure(run, seen.queue.seen_at):
                self._active.remove(run.key)
                ended.append(run)
        return tuple(ended)

    def _is_sure(self, run: Run, seen_at: datetime | None) -> bool:
        return bool(run.result or run.job) or self._gone.setdefault(run.key, seen_at) != seen_at
