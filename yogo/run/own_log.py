"""The log that `yogo train` keeps in the run directory itself, where no job keeps what it prints: `<run>-shell.log`."""

from __future__ import annotations

import os
import stat
from datetime import datetime
from pathlib import Path
from typing import TextIO

from yogo.run.directory import RunDirectory
from yogo.run.job import JobIdentity

SHELL = "shell"
"""Stands in the log's name where a job's log has the job's id."""

_BEGINS = "=== yogo train began on "


def heading(at: datetime, command: str) -> str:
    """The line that begins what one start of the training says: the log goes on over resumes."""
    return f"{_BEGINS}{at:%Y-%m-%d %H:%M:%S} UTC: {command}"


def last_start(text: str) -> str:
    """What the last start says, of the end of a log; all of it where no start is marked."""
    at = text.rfind(f"\n{_BEGINS}")
    return text[at + 1 :] if at >= 0 else text


def own_log(run: RunDirectory, stdout: TextIO) -> Path | None:
    """Where to keep what is printed on `stdout`; None if a log of the run has it already.

    A job's script has a log, but neither `salloc` nor `srun` from a shell has one, and a terminal keeps nothing.
    """
    job = JobIdentity.from_environment()
    if not stdout.isatty() and (job.has_log or _is_log_of(run, stdout)):
        return None
    return run.log(job.id or SHELL)


def job_log(stdout: TextIO) -> str:
    """Path of the file that the job's script prints to; empty outside of such a job, and where it is not known."""
    if not JobIdentity.from_environment().has_log:
        return ""
    try:
        path = os.readlink(f"/proc/self/fd/{stdout.fileno()}")
        this = os.fstat(stdout.fileno())
        return path if stat.S_ISREG(this.st_mode) and os.path.samestat(this, os.stat(path)) else ""
    except (OSError, ValueError):  # no /proc here, or a stream without a file
        return ""


def _is_log_of(run: RunDirectory, stdout: TextIO) -> bool:
    try:
        this = os.fstat(stdout.fileno())
        return any(os.path.samestat(this, os.stat(path)) for path in run.path.iterdir() if run.is_log(path.name))
    except (OSError, ValueError):  # a stream without a file has no number either
        return False
