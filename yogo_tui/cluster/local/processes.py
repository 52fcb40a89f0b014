"""Processes of this machine, told apart for certain: a process id alone is used again.

A job's processes are those of its script's session and those that carry its mark in their environment
(torchrun, for one, puts its workers into sessions of their own).
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable
from pathlib import Path

MARK = "YOGO_LOCAL_JOB"
"""Environment variable of every process of a job: the job's folder."""

_PROC = Path("/proc")


def boot_id() -> str:
    """Changes each time that the machine starts; empty where it cannot be told."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def start_ticks(pid: int) -> int | None:
    """When a process started, in ticks since the boot; None when there is no such process, or only its corpse."""
    fields = _stat(pid)
    return int(fields[19]) if fields else None


def of_job(mark: str, session: int | None) -> list[int]:
    """The living processes that belong to the job of this mark, or to this session."""
    return [pid for pid in _all() if _belongs(pid, mark, session)]


def send(pids: Iterable[int], *signals: signal.Signals) -> None:
    """Send each signal to each process; one that has just ended is as well."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            for number in signals:
                os.kill(pid, number)


def _belongs(pid: int, mark: str, session: int | None) -> bool:
    fields = _stat(pid)
    if not fields:
        return False
    if session is not None and int(fields[3]) == session:
        return True
    try:
        environment = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        # It has ended, or is another user's.
        return False
    return f"{MARK}={mark}".encode() in environment.split(b"\0")


def _all() -> list[int]:
    try:
        return [int(name) for name in os.listdir(_PROC) if name.isdecimal()]
    except OSError:
        return []


def _stat(pid: int) -> list[str]:
    """The fields from the state on, as proc(5) counts them from 3; none for a process that has ended."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return []
    # The command's name stands in parentheses and may hold some itself.
    fields = text.rpartition(")")[2].split()
    return [] if not fields or fields[0] in "ZX" else fields
