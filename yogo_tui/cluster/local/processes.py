"""Finds the processes of a job.

They are the processes of its script's session, and those with a mark of the job in their environment: torchrun, for
example, starts its workers in sessions of their own.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable
from pathlib import Path

from yogo.run.process import start_ticks, stat

MARK = "YOGO_LOCAL_JOB"
"""Name of the environment variable that holds the job's folder, in every process of a job."""

SUPERVISOR = "YOGO_LOCAL_SUPERVISOR"
"""Name of the one that holds the job's supervisor: a folder that was removed may be given to another job."""

_PROC = Path("/proc")


def of_job(folder: str, session: int | None) -> list[int]:
    """Ids of the living processes that are marked with this folder, or belong to this session."""
    return [pid for pid in _all() if _belongs(pid, f"{MARK}={folder}", session)]


def of_this_supervisor(session: int) -> list[int]:
    """Ids of the living processes that are marked with this process, or belong to this session."""
    mark = f"{SUPERVISOR}={this_supervisor()}"
    return [pid for pid in _all() if _belongs(pid, mark, session)]


def this_supervisor() -> str:
    """This process, as in the mark. The id alone is used again."""
    return f"{os.getpid()}-{start_ticks(os.getpid())}"


def send(pids: Iterable[int], *signals: signal.Signals) -> None:
    """Send each signal to each process. A process that has ended is skipped."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            for number in signals:
                os.kill(pid, number)


def _belongs(pid: int, mark: str, session: int | None) -> bool:
    fields = stat(pid)
    if not fields:
        return False
    if session is not None and int(fields[3]) == session:
        return True
    try:
        environment = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        # The process has ended, or belongs to another user.
        return False
    return mark.encode() in environment.split(b"\0")


def _all() -> list[int]:
    try:
        return [int(name) for name in os.listdir(_PROC) if name.isdecimal()]
    except OSError:
        return []
