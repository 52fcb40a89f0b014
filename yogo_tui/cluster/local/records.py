"""The two files of a local job: its request, and its state. Each has one writer."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from yogo.run.record import Record, now
from yogo_tui.cluster.base import JobState
from yogo_tui.cluster.local.directives import Directives


class Spec(Record):
    """spec.json: what was asked for. The submitting process writes it once."""

    id: int
    name: str
    directives: Directives
    folder: str
    """Absolute path of the folder in which the script runs."""

    log: str
    """Absolute path."""

    error_log: str = ""
    after: int | None = None
    after_id: str = ""
    """The same job, as its id is shown."""

    array: tuple[int, ...] = ()
    """The ids of all jobs of its array, in the order of their indexes; empty for a job by itself."""

    task: int | None = None
    """Its index in the array."""

    slots: int = Field(ge=1)
    """How many slots this machine has."""

    needs: int = Field(ge=1)
    """How many slots the job takes."""

    kill_after_seconds: float = 30.0
    """Seconds between TERM and KILL."""

    host: str
    submitted_at: datetime = Field(default_factory=now)

    @property
    def shown_id(self) -> str:
        """Such as 7, or 7_2 for a task of an array."""
        return f"{self.array[0]}_{self.task}" if self.array else str(self.id)


class State(Record):
    """state.json. The process that holds the job's lock writes it: the supervisor, or one that finds it dead."""

    state: JobState = JobState.PENDING
    word: str = "PENDING"
    reason: str = ""
    boot_id: str = ""
    supervisor_pid: int = 0
    script_pid: int | None = None
    script_start: int | None = None
    """Start of the script's process, in clock ticks since the boot. It tells a later process of the same id apart."""

    taken: tuple[int, ...] = ()
    """Numbers of the slots that the job holds."""

    restarts: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    exit_status: int | None = None
