"""How far the jobs are that use a run, by the last line on it in their logs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Host
from yogo_tui.runs.model import Run, RunState, UseProgress

_LINE = re.compile(r"^([a-z][a-z' ]*) · ([\d,]+)(?: of ([\d,]+))?$", re.MULTILINE)
"""As `yogo.text.terminal.progress_line` prints it."""


@dataclass(slots=True)
class _ReadLog:
    offset: int = 0
    rest: str = ""
    """The begin of a line whose end is not written yet."""

    last: UseProgress | None = None


class UseLogs:
    """Reads what is new in the logs of running jobs."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._logs: dict[PurePosixPath, _ReadLog] = {}

    async def with_progress(self, runs: Iterable[Run]) -> tuple[Run, ...]:
        """The same runs; those that are running uses with how far they are. What cannot be read is as it was."""
        found, logs = [], dict[PurePosixPath, _ReadLog]()
        for run in runs:
            log = run.job.log if run.path is None and run.state is RunState.RUNNING and run.job else None
            if log is not None and run.use_folder is not None:
                logs[log] = self._logs.get(log, _ReadLog())
                found.append(replace(run, use_progress=await self._read(log, logs[log])))
            else:
                found.append(run)
        self._logs = logs
        return tuple(found)

    async def _read(self, log: PurePosixPath, known: _ReadLog) -> UseProgress | None:
        try:
            piece = await self._host.read(log, offset=known.offset)
        except (FileNotFoundError, HostError):
            return known.last
        known.offset += len(piece.data)
        whole, _, known.rest = (known.rest + piece.data.decode(errors="replace")).rpartition("\n")
        for what, done, total in _LINE.findall(whole):
            known.last = UseProgress(what, _number(done), _number(total))
        return known.last


def _number(text: str) -> int:
    return int(text.replace(",", "") or 0)
