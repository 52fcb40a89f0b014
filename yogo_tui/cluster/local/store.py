"""The folder that all local jobs lie in, and the truth about each job in it, its supervisor alive or not.

    jobs/<id>/            spec.json, script, state.json, cancel (a request), lock (held by its supervisor),
                          supervisor.log
    active/<id>           there while the job is not known to be over: what a look has to read
    machines/<host>/      slots/<n> (locks), turn (a lock), waiting/<id>: who stands in line for slots

A supervisor that was killed leaves its lock free, and that is how one tells. Whoever finds it so takes
the lock, which makes it the state's one writer, and writes down that the job is lost. Only where the
script itself still runs is the job left as it is: it reads as unknown, and cancelling it ends the script.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from yogo.run.record import now
from yogo_tui.cluster.base import JobState
from yogo_tui.cluster.local import locks, processes
from yogo_tui.cluster.local.records import Spec, State

_START_SECONDS = 60.0
"""By then a supervisor has taken its job over, or never will."""


@dataclass(frozen=True, slots=True)
class JobFolder:
    path: Path

    @property
    def spec(self) -> Path:
        return self.path / "spec.json"

    @property
    def script(self) -> Path:
        return self.path / "script"

    @property
    def state(self) -> Path:
        return self.path / "state.json"

    @property
    def cancel(self) -> Path:
        return self.path / "cancel"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def supervisor_log(self) -> Path:
        return self.path / "supervisor.log"


@dataclass(frozen=True, slots=True)
class Store:
    root: Path

    def job(self, job_id: int) -> JobFolder:
        return JobFolder(self.root / "jobs" / str(job_id))

    def active(self, job_id: int) -> Path:
        return self.root / "active" / str(job_id)

    @property
    def machine(self) -> Path:
        """What belongs to this machine: several may share a home."""
        return self.root / "machines" / socket.gethostname()

    def prepare(self) -> None:
        """Raises OSError."""
        for folder in (
            self.root / "jobs",
            self.root / "active",
            self.machine / "slots",
            self.machine / "waiting",
        ):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def ids(self) -> list[int]:
        return _numbers(self.root / "jobs")

    def active_ids(self) -> list[int]:
        return _numbers(self.root / "active")

    def waiting_ids(self) -> list[int]:
        return _numbers(self.machine / "waiting")

    def claim_id(self) -> int:
        """A new id, and its folder made: nobody else gets the same one. Raises OSError."""
        job_id = max(self.ids(), default=0) + 1
        while True:
            try:
                self.job(job_id).path.mkdir(mode=0o700)
            except FileExistsError:
                job_id += 1
            else:
                return job_id

    def read(self, job_id: int) -> tuple[Spec, State] | None:
        """A job as it really is; None where there is none. Raises RunError when its files are damaged."""
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
        """Ask a job to end; whether there is such a job. Raises OSError, RunError."""
        folder = self.job(job_id)
        if not folder.spec.exists():
            return False
        folder.cancel.touch()
        found = self.read(job_id)
        if found and found[1].state is JobState.UNKNOWN and found[0].host == socket.gethostname():
            self._end_orphan(found[0], folder)
        return True

    def refuse(self, spec: Spec, reason: str) -> None:
        """Write down that a job never started."""
        self._bury(spec, self.job(spec.id), JobState.FAILED, "FAILED", reason)

    def _unsupervised(self, spec: Spec, folder: JobFolder) -> State:
        if spec.host != socket.gethostname():
            return State(
                state=JobState.UNKNOWN,
                word="UNKNOWN",
                reason=f"It belongs to {spec.host}, which alone can tell what became of it",
            )
        # It may have ended between the look at its state and the look at its lock.
        state = _state(folder)
        if state is not None and state.state.is_over:
            return state
        if state is None and (now() - spec.submitted_at).total_seconds() < _START_SECONDS:
            return State(reason="Starting")
        if orphans(folder, state):
            return (state or State()).model_copy(
                update={
                    "state": JobState.UNKNOWN,
                    "word": "ORPHANED",
                    "reason": "Its supervisor was killed; the script still runs, with no time limit, and how it "
                    "ends will not be known: cancel it to end it",
                }
            )
        return self._bury(spec, folder, JobState.FAILED, "NODE_FAIL", _lost(state))

    def _bury(self, spec: Spec, folder: JobFolder, end: JobState, word: str, reason: str) -> State:
        """Write down the end of a job whose supervisor can no longer do it."""
        with locks.attempt(folder.lock) as is_ours:
            state = _state(folder) or State()
            if state.state.is_over:
                return state
            dead = state.model_copy(
                update={"state": end, "word": word, "reason": reason, "ended_at": now(), "taken": ()}
            )
            if is_ours:
                # On a full disk it is worked out again at the next look.
                with contextlib.suppress(OSError):
                    dead.write(folder.state)
                    self.active(spec.id).unlink(missing_ok=True)
                    (self.machine / "waiting" / str(spec.id)).unlink(missing_ok=True)
            return dead

    def _end_orphan(self, spec: Spec, folder: JobFolder) -> None:
        state = _state(folder)
        processes.send(orphans(folder, state), signal.SIGCONT, signal.SIGTERM)
        deadline = time.monotonic() + spec.kill_after_seconds
        while (left := orphans(folder, state)) and time.monotonic() < deadline:
            time.sleep(0.1)
        processes.send(left, signal.SIGKILL)
        self._bury(
            spec, folder, JobState.CANCELLED, "CANCELLED", "Its supervisor had been killed; what still ran was ended"
        )


def orphans(folder: JobFolder, state: State | None) -> list[int]:
    """What still runs of a job that nobody watches over."""
    session = None
    if state and state.script_pid and state.boot_id == processes.boot_id():
        is_same = processes.start_ticks(state.script_pid) == state.script_start
        session = state.script_pid if is_same else None
    return processes.of_job(str(folder.path), session)


def _lost(state: State | None) -> str:
    if state is None:
        return "It never started: whoever submitted it was ended in the middle of that"
    what = "while it ran" if state.state is JobState.RUNNING else "before it started"
    if state.boot_id != processes.boot_id():
        return f"The machine was restarted {what}"
    return f"Its supervisor was killed {what}, and so how the script ended is not known"


def _state(folder: JobFolder) -> State | None:
    try:
        return State.read(folder.state)
    except FileNotFoundError:
        return None


def _numbers(folder: Path) -> list[int]:
    try:
        return sorted(int(entry.name) for entry in folder.iterdir() if entry.name.isdecimal())
    except FileNotFoundError:
        return []
