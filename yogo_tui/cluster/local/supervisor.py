"""The process that supervises one job: `python -m yogo_tui.cluster.local.supervisor JOBDIR`.

For an array it is given the folders of all tasks, and becomes a process for each. It returns to its caller as soon as
it holds the job, and continues in the background in a session of its own, so that it outlives the console and the
terminal. It waits for the job's parent and for slots, runs the script, and handles time limit, cancelling and requeue
as Slurm does.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from yogo.errors import RunError
from yogo.files import locks
from yogo.files.places import because, told
from yogo.run import killed, process
from yogo.run.record import now
from yogo.text.output import steady
from yogo_tui.cluster.base import JobState
from yogo_tui.cluster.local import slots
from yogo_tui.cluster.local.batch import BatchScript, Ending
from yogo_tui.cluster.local.records import Spec, State
from yogo_tui.cluster.local.store import Store

POLL_SECONDS = 0.25
MAX_RESTARTS = 5
PATIENCE_SECONDS = 10.0
"""How long a folder may be missing before it counts as removed: a drive may be away for a moment."""

LAST_SECONDS = 10.0
"""How long a supervisor that was told to end tries to record how its job ended."""

REQUEUE_STATUS = 75
"""EX_TEMPFAIL: with `#SBATCH --requeue`, a script that exits with it is started again."""


class _CancelledError(Exception):
    """The job must end; the text says why."""


class Supervisor:
    """Supervises one job from the queue to its end. It holds the job's lock, so it is the only writer of its state."""

    def __init__(self, store: Store, spec: Spec, lock: int) -> None:
        """`lock` is the descriptor of the job's lock."""
        self._store = store
        self._lock = lock
        self._missed_since: float | None = None
        self._kills = killed.MemoryKills()
        self._spec = spec
        self._folder = store.job(spec.id)
        self._is_told_to_end = False
        self._is_saved = True
        self._place: int | None = None
        """Descriptor of its place among the running tasks of its array."""

        self.state = State(boot_id=process.boot_id(), supervisor_pid=os.getpid())

    def end(self, _signal: int, _frame: FrameType | None) -> None:
        """Handle a signal to end, as at a shutdown: the script is ended too."""
        self._is_told_to_end = True

    def save(self, **changes: Any) -> None:
        """Change the state and write it. If the disk refuses it, the next pause tries again."""
        if self._is_saved and all(getattr(self.state, name) == value for name, value in changes.items()):
            return
        self.state = self.state.model_copy(update=changes)
        if self._is_forsaken():  # another job may have been given the same folder
            self._is_saved = False
            return
        try:
            self.state.write(self._folder.state)
        except OSError as error:
            _say(f"{self._folder.state} cannot be written: {because(error)}")
            self._is_saved = False
        else:
            self._is_saved = True

    def run(self) -> None:
        try:
            while self._start_once():
                pass
        except _CancelledError as error:
            self._over(JobState.CANCELLED, "CANCELLED", str(error))
        except OSError as error:
            self._over(JobState.FAILED, "FAILED", f"Its supervisor failed: {told(error)}")

    def _start_once(self) -> bool:
        """Run the script once. Returns whether the job goes back to the queue."""
        self._wait_for_parent()
        while (taken := self._taken_unless_held()) is None:
            self._pause("JobHeldUser")
        try:
            ending = self._run_script(tuple(taken))
        finally:
            slots.release(taken)
            self._leave_place()
        return self._settle(ending)

    def _wait_for_parent(self) -> None:
        """Wait until the parent has finished. If the parent failed, wait until this job is cancelled."""
        while (parent := self._spec.after) is not None:
            match self._state_of(parent):
                case JobState.DONE:
                    return
                case JobState.FAILED | JobState.CANCELLED:
                    self._pause("DependencyNeverSatisfied")
                case _:
                    self._pause("Dependency")

    def _state_of(self, job_id: int) -> JobState:
        try:
            found = self._store.read(job_id)
        except (RunError, OSError) as error:
            _say(f"Job {job_id} cannot be read: {because(error)}")
            return JobState.UNKNOWN
        return found[1].state if found else JobState.FAILED

    def _taken_unless_held(self) -> dict[int, int] | None:
        """Queue for a place among the running tasks of its array, then for slots, and take both. Returns the slots;
        None once the job is held, which leaves its places to the next one."""
        if self._is_held() or not self._wait_for_place():
            return None
        with slots.in_line(self._store.line, self._spec.id):
            taken = self._wait_for_slots()
        if taken is None:
            self._leave_place()
        return taken

    def _wait_for_place(self) -> bool:
        """Whether it may run as far as its array's limit goes; False if it was held meanwhile."""
        spec, throttle = self._spec, self._spec.directives.throttle
        if not spec.array or not throttle:
            return True
        places, line = self._store.job(spec.array[0]).path, self._store.line_of(spec.array[0])
        with slots.in_line(line, spec.id):
            while not self._is_held():
                try:
                    if slots.is_first(self._store, line, spec.id):
                        self._place = slots.try_take_place(places, throttle)
                except OSError as error:
                    _say(f"The places of the array cannot be read: {told(error)}")
                if self._place is not None:
                    return True
                self._pause("JobArrayTaskLimit")
        return False

    def _leave_place(self) -> None:
        if self._place is not None:
            os.close(self._place)
            self._place = None

    def _is_held(self) -> bool:
        return os.path.exists(self._folder.hold)

    def _wait_for_slots(self) -> dict[int, int] | None:
        """The slots that it has taken; None if it was held meanwhile."""
        while not self._is_held():
            reason = "Priority"
            try:
                # A job whose state could not be written is not started: nobody could learn how it ended.
                if slots.is_first(self._store, self._store.line, self._spec.id) and self._is_saved:
                    reason = "Resources"
                    taken = slots.try_take(self._store, needs=self._spec.needs, total=self._spec.slots)
                    if taken is not None:
                        return taken
            except OSError as error:
                _say(f"The slots cannot be read: {told(error)}")
            self._pause(reason)
        return None

    def _run_script(self, taken: tuple[int, ...]) -> Ending:
        batch = BatchScript(self._spec, self._folder, restarts=self.state.restarts)
        self.save(state=JobState.RUNNING, word="RUNNING", reason="", taken=taken, started_at=now())
        try:
            batch.start(taken)
        except OSError as error:
            return Ending(127, problem=f"It could not be started: {told(error)}")
        self.save(script_pid=batch.pid, script_start=process.start_ticks(batch.pid))
        while not batch.has_ended():
            if why := self._why_to_end():
                self.save(word="COMPLETING")
                batch.end("CANCELLED")
                return Ending(batch.status, cancelled=why)
            if batch.is_past_limit():
                self.save(word="COMPLETING")
                batch.end("CANCELLED DUE TO TIME LIMIT")
                return Ending(batch.status, is_timeout=True)
            batch.warn_in_time()
            self._rest()
        batch.end("")
        return Ending(batch.status)

    def _settle(self, ending: Ending) -> bool:
        """Record how a start ended. Returns whether the script is started again."""
        wants_more = ending.status == REQUEUE_STATUS and self._spec.directives.requeue and not ending.cancelled
        if wants_more and self.state.restarts < MAX_RESTARTS:
            self.save(
                state=JobState.PENDING,
                word="PENDING",
                reason="BeginTime",
                taken=(),
                restarts=self.state.restarts + 1,
                script_pid=None,
                script_start=None,
            )
            return True
        if ending.cancelled:
            self._over(JobState.CANCELLED, "CANCELLED", ending.cancelled, ending.status)
        elif wants_more:
            self._over(JobState.FAILED, "FAILED", f"It asked to be started again more than {MAX_RESTARTS} times", 75)
        elif ending.status == killed.STATUS and self._kills.is_recent:
            self._over(JobState.FAILED, "OUT_OF_MEMORY", "The kernel killed it", ending.status)
        elif ending.is_timeout:
            self._over(JobState.FAILED, "TIMEOUT", "It reached its time limit", ending.status)
        elif ending.status == 0:
            self._over(JobState.DONE, "COMPLETED", "", 0)
        else:
            self._over(JobState.FAILED, "FAILED", ending.problem or _how(ending.status), ending.status)
        return False

    def _over(self, state: JobState, word: str, reason: str, status: int | None = None) -> None:
        self.save(state=state, word=word, reason=reason, exit_status=status, ended_at=now(), taken=())
        told_at = time.monotonic()
        while not self._is_saved and not self._is_forsaken():
            if self._is_told_to_end and time.monotonic() - told_at > LAST_SECONDS:
                return  # the next process that looks at the job finds its lock free, and records its end
            time.sleep(POLL_SECONDS)
            self.save()
        if self._is_saved:
            self._store.active(self._spec.id).unlink(missing_ok=True)

    def _pause(self, reason: str) -> None:
        if reason == "Dependency" and self._is_held():
            reason = "JobHeldUser"
        self.save(state=JobState.PENDING, word="PENDING", reason=reason)
        if why := self._why_to_end():
            raise _CancelledError(why)
        self._rest()

    def _rest(self) -> None:
        time.sleep(POLL_SECONDS)
        self._kills.look()
        if not self._is_saved:
            self.save()

    def _why_to_end(self) -> str:
        if self._is_told_to_end:
            return "Its supervisor was told to end"
        if self._is_forsaken():
            return "Its folder was removed"
        # Unlike Path.exists, this is False if the file system does not answer: the script continues.
        return "By the user" if os.path.exists(self._folder.cancel) else ""

    def _is_forsaken(self) -> bool:
        """Whether the job's folder was removed, or has been missing for too long."""
        if os.fstat(self._lock).st_nlink == 0:
            return True
        try:
            os.stat(self._folder.path)
        except FileNotFoundError:
            self._missed_since = self._missed_since or time.monotonic()
            return time.monotonic() - self._missed_since > PATIENCE_SECONDS
        except OSError:  # a file system that does not answer does not say that it is gone
            return False
        self._missed_since = None
        return False


def _say(text: str) -> None:
    """Print to supervisor.log. A failure is ignored: the log may be on the disk that is full."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def _how(status: int) -> str:
    if status <= 128:
        return f"It ended with exit status {status}"
    try:
        return f"It was ended by signal {signal.Signals(status - 128).name}"
    except ValueError:
        return f"It ended with exit status {status}"


def _default_signals(supervisor: Supervisor) -> None:
    """Install handlers that do nothing, and one that ends the job. SIG_IGN would be inherited by the script."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, lambda _signal, _frame: None)
    signal.signal(signal.SIGTERM, supervisor.end)


def _take_over(path: Path) -> int | None:
    """The descriptor of the job's lock; None if another process holds it. It tries again for a second, because a
    process that only checks the lock holds it for an instant."""
    for _attempt in range(20):
        descriptor = locks.try_take(path)
        if descriptor is not None:
            return descriptor
        time.sleep(0.05)
    return None


def main(job_folders: Sequence[str]) -> None:
    steady()
    all_ready, say_all_ready = os.pipe()
    ready = []
    for folder in job_folders:
        is_ready, say_ready = os.pipe()
        if not os.fork():
            os.close(is_ready)
            os.close(say_all_ready)
            _supervise(Path(folder), say_ready, all_ready)
            return
        os.close(say_ready)
        ready.append(is_ready)
    # A pipe closes without a byte if the child dies. The other one closes with this process.
    os._exit(0 if all([os.read(one, 1) for one in ready]) else 1)


def _supervise(path: Path, say_ready: int, all_ready: int) -> None:
    """Supervise the job in this folder, once all jobs of its array have a supervisor: they begin in their order."""
    store = Store(path.parent.parent)
    spec = Spec.read(store.job(int(path.name)).spec)
    if spec.array:
        _say_into(store.job(spec.id).supervisor_log)
    lock = _take_over(store.job(spec.id).lock)
    if lock is None or store.job(spec.id).state.exists():
        sys.exit("Another supervisor has this job")
    supervisor = Supervisor(store, spec, lock)
    _default_signals(supervisor)
    supervisor.state.write(store.job(spec.id).state)
    os.write(say_ready, b"1")
    os.close(say_ready)
    os.read(all_ready, 1)
    os.close(all_ready)
    supervisor.run()


def _say_into(log: Path) -> None:
    """Print there from now on: the process that began this one prints into the log of the array's first task."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.close(descriptor)


if __name__ == "__main__":
    main(sys.argv[1:])
