"""The two files of a local job: what was asked for, and what became of it. Each has one writer."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from yogo.run.record import Record, now
from yogo_tui.cluster.base import JobState
from yogo_tui.cluster.local.directives import Directives


class Spec(Record):
    """spec.json, written by whoever submits, once."""

    id: int
    name: str
    directives: Directives
    folder: str
    """Where the script runs, absolute."""

    log: str
    """Absolute."""

    error_log: str = ""
    after: int | None = None
    slots: int = Field(ge=1)
    """As many as this machine has."""

    needs: int = Field(ge=1)
    """Slots that the job takes."""

    kill_after_seconds: float = 30.0
    """From TERM to KILL."""

    host: str
    submitted_at: datetime = Field(default_factory=now)


class State(Record):
    """state.json, written by whoever holds the job's lock: its supervisor, or who buries it."""

    state: JobState = JobState.PENDING
    word: str = "PENDING"
    reason: str = ""
    boot_id: str = ""
    supervisor_pid: int = 0
    script_pid: int | None = None
    script_start: int | None = None
    """In ticks since the boot: with its id it names the process for certain."""

    taken: tuple[int, ...] = ()
    """The slots that it holds."""

    restarts: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    exit_status: int | None = None
