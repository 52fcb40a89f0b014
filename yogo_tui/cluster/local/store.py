"""The folder of all local jobs, and the state of each job, whether or not its supervisor is alive.

    jobs/<id>/            spec.json, script, state.json, cancel and hold (requests), lock (held by its supervisor),
                          supervisor.log; of an array's first job also place-<n> (locks) and waiting/<id>: tasks that
                          queue for a place
    active/<id>           exists until the job is known to be over; a look at the queue reads these jobs
    machines/<host>/      slots/<n> (locks), turn (a lock), waiting/<id>: jobs that queue for slots

The lock of a supervisor that was killed is free. A process that finds it free takes the lock, which makes it the only
writer of the state, and records that the job is lost. If the script still runs, the job is left as it is: its state
is unknown, and cancelling it ends the script.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from yogo.files import locks
from yogo.files.places import folder_of
from yogo.run import process
from yogo.run.record import now
from yogo_tui.cluster.base import JobState
from yogo_tui.cluster.local import processes
from yogo_tui.cluster.local.records import Spec, State

START_SECONDS = 60.0
"""How long a supervisor may take to lock its job. One that has not by then is taken for dead."""


class JobFolder:
    """Where the files of a job are."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.spec = path / "spec.json"
        self.script = path / "script"
        self.state = path / "state.json"
        self.cancel = path / "cancel"
        self.hold = path / "hold"
        self.lock = path / "lock"
        self.supervisor_log = path / "supervisor.log"


@dataclass(frozen=True, slots=True)
class Store:
    root: Path

    def job(self, job_id: int) -> JobFolder:
        return JobFolder(self.root / "jobs" / str(job_id))

    def active(self, job_id: int) -> Path:
        return self.root / "active" / str(job_id)

    @property
    def machine(self) -> Path:
        """The folder of this machine's slots: several machines may share a home folder."""
        return self.root / "machines" / socket.gethostname()

    def prepare(self) -> None:
        """Create the folders. Raises OSError."""
        for folder in (
            self.root / "jobs",
            self.root / "active",
            self.machine / "slots",
            self.line,
        ):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def ids(self) -> list[int]:
        return numbers(self.root / "jobs")

    def active_ids(self) -> list[int]:
        return numbers(self.root / "active")

    @property
    def line(self) -> Path:
        """The folder of the queue for this machine's slots."""
        return self.machine / "waiting"

    def line_of(self, array: int) -> Path:
        """The folder of the queue for the places of an array whose number of running tasks is limited."""
        return self.job(array).path / "waiting"

    def claim_id(self) -> int:
        """A new id. Its folder is created, so that no other process gets the same id. Raises OSError."""
        job_id = max(self.ids(), default=0) + 1
        while True:
            try:
                self.job(job_id).path.mkdir(mode=0o700)
            except FileExistsError:
                job_id += 1
            else:
                return job_id

    def line_up(self, array: Sequence[int]) -> None:
        """Put the tasks of an array in line for its places: they begin in their order. Raises OSError."""
        line = self.line_of(array[0])
        line.mkdir(exist_ok=True, mode=0o700)
        for job_id in array:
            (line / str(job_id)).touch()

    def spec(self, job_id: int) -> Spec:
        """Raises RunError, FileNotFoundError."""
        return Spec.read(self.job(job_id).spec)

    def read(self, job_id: int) -> tuple[Spec, State] | None:
        """A job's request and its present state; None if there is no such job. Raises RunError if its files are
        damaged."""
        folder = self.job(job_id)
        try:
            spec = Spec.read(folder.spec)
        except (FileNotFoundError, NotADirectoryError):
            return None
        state = _state(folder)
        if (state is not None and state.state.is_over) or locks.is_held(folder.lock):
            return spec, state or State()
        return spec, self._unsupervised(spec, folder)

    def cancel(self, job_id: int) -> bool:
        """Ask a job to end. Returns whether there is such a job. Raises OSError, RunError."""
        folder = self.job(job_id)
        if not folder.spec.exists():
            return False
        folder.cancel.touch()
        found = self.read(job_id)
        if found and found[1].state is JobState.UNKNOWN and found[0].host == socket.gethostname():
            self._end_orphan(found[0], folder)
        return True

    def refuse(self, spec: Spec, reason: str) -> None:
        """Record that a job never started, and why."""
        self._bury(spec, self.job(spec.id), JobState.FAILED, "FAILED", reason)

    def _unsupervised(self, spec: Spec, folder: JobFolder) -> State:
        if spec.host != socket.gethostname():
            return State(
                state=JobState.UNKNOWN,
                word="UNKNOWN",
                reason=f"It belongs to {spec.host}, and its state can be seen only there",
            )
        # It may have ended after its state was read and before its lock was checked.
        state = _state(folder)
        if state is not None and state.state.is_over:
            return state
        if state is None and (now() - spec.submitted_at).total_seconds() < START_SECONDS:
            return State(reason="Starting")
        if orphans(folder, state):
            return (state or State()).model_copy(
                update={
                    "state": JobState.UNKNOWN,
                    "word": "ORPHANED",
                    "reason": "Its supervisor was killed. The script still runs without a time limit, and its exit "
                    "status will not be known: cancel it to end it",
                }
            )
        return self._bury(spec, folder, JobState.FAILED, "NODE_FAIL", _lost(state))

    def _bury(self, spec: Spec, folder: JobFolder, end: JobState, word: str, reason: str) -> State:
        """Record the end of a job whose supervisor is dead. Returns its last state."""
        with locks.attempt(folder.lock) as is_ours:
            state = _state(folder) or State()
            if state.state.is_over:
                return state
            dead = state.model_copy(
                update={"state": end, "word": word, "reason": reason, "ended_at": now(), "taken": ()}
            )
            if is_ours:
                # If the disk is full, the next look tries again.
                with contextlib.suppress(OSError):
                    dead.write(folder.state)
                    self.active(spec.id).unlink(missing_ok=True)
                    (self.line / str(spec.id)).unlink(missing_ok=True)
            return dead

    def _end_orphan(self, spec: Spec, folder: JobFolder) -> None:
        state = _state(folder)
        processes.send(orphans(folder, state), signal.SIGCONT, signal.SIGTERM)
        deadline = time.monotonic() + spec.kill_after_seconds
        while (left := orphans(folder, state)) and time.monotonic() < deadline:
            time.sleep(0.1)
        processes.send(left, signal.SIGKILL)
        self._bury(
            spec, folder, JobState.CANCELLED, "CANCELLED", "Its supervisor had been killed; its processes were ended"
        )


def orphans(folder: JobFolder, state: State | None) -> list[int]:
    """Ids of the processes that still run of a job whose supervisor is dead."""
    session = None
    if state and state.script_pid and state.boot_id == process.boot_id():
        is_same = process.start_ticks(state.script_pid) == state.script_start
        session = state.script_pid if is_same else None
    return processes.of_job(str(folder.path), session)


def _lost(state: State | None) -> str:
    if state is None:
        return "It never started: the program that submitted it was killed meanwhile"
    what = "while it ran" if state.state is JobState.RUNNING else "before it started"
    if state.boot_id != process.boot_id():
        return f"The machine was restarted {what}"
    return f"Its supervisor was killed {what}, so it is not known how the script ended"


def _state(folder: JobFolder) -> State | None:
    try:
        return State.read(folder.state)
    except FileNotFoundError:
        return None


def numbers(folder: Path) -> list[int]:
    try:
        return sorted(int(entry.name) for entry in folder.iterdir() if entry.name.isdecimal())
    except FileNotFoundError:
        return []


def state_folder() -> Path:
    """The folder of this user's local jobs, one for all workspaces, which share the slots. Raises NoHome."""
    return folder_of("XDG_STATE_HOME", ".local/state") / "yogo-tui" / "local"
