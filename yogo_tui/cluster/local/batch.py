"""One start of a job's script: its log, its processes, its time limit."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from yogo_tui.cluster.local import environment, processes, slots
from yogo_tui.cluster.local.records import Spec
from yogo_tui.cluster.local.store import JobFolder

_KILL_SECONDS = 10.0
"""How long a killed process may take to be gone (one in the kernel's hands, on a dead disk, never is)."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How one start ended."""

    status: int
    """As a shell tells it: 128 and the signal's number where one ended it."""

    cancelled: str = ""
    is_timeout: bool = False
    problem: str = ""


class Batch:
    def __init__(self, spec: Spec, folder: JobFolder, *, restarts: int) -> None:
        self._spec = spec
        self._folder = folder
        self._restarts = restarts
        self._started = 0.0
        self._is_warned = False
        self._last_known: frozenset[int] | None = None
        self._process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int:
        code = self._process.returncode
        return 128 - code if code < 0 else code

    def start(self, taken: tuple[int, ...]) -> None:
        """Raises OSError: no such folder, a log that cannot be written, no such interpreter."""
        spec = self._spec
        values = environment.of_job(spec, self._folder, restarts=self._restarts, slots=taken, gpus=slots.gpus())
        with contextlib.ExitStack() as files:
            log = files.enter_context(self._open(spec.log))
            errors = files.enter_context(self._open(spec.error_log)) if spec.error_log else subprocess.STDOUT
            if spec.directives.gpus > spec.needs:
                self.note(f"it asks for {spec.directives.gpus} GPUs, and gets this machine's {_slots(spec.slots)}")
            self._process = subprocess.Popen(
                [*_interpreter(self._folder.script), str(self._folder.script)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=errors,
                cwd=spec.folder,
                env=values,
                start_new_session=True,
            )
        self._started = time.monotonic()

    def has_ended(self) -> bool:
        """Only looks: until the script is waited for, no other process, nor its session, can get its number."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def is_past_limit(self) -> bool:
        limit = self._spec.directives.time_limit_seconds
        return limit is not None and time.monotonic() - self._started >= limit

    def warn_in_time(self) -> None:
        """Send the batch shell its warning, once, when the time limit is near."""
        asks = self._spec.directives
        if self._is_warned or asks.warning_signal is None or asks.time_limit_seconds is None:
            return
        if time.monotonic() - self._started >= asks.time_limit_seconds - asks.warning_seconds:
            self._is_warned = True
            os.kill(self.pid, asks.warning_signal)

    def forsake(self) -> None:
        """The job's folder is gone: from now on, what carries its mark and was not there yet is another job's, which
        was given the same folder."""
        self._last_known = frozenset(self._living())

    def end(self, why: str) -> None:
        """End every process of the job, gently at first; those too that a script left behind when it ended. Then,
        and only then, there is a `status`."""
        if why:
            self.note(f"*** JOB {self._spec.id} {why} AT {datetime.now():%Y-%m-%dT%H:%M:%S} ***")
        # The group at one stroke, as a process may start another between two looks; then those outside it.
        for number in (signal.SIGCONT, signal.SIGTERM):
            os.killpg(self.pid, number)
        others = [pid for pid in self._living() if not self._is_in_group(pid)]
        processes.send(others, signal.SIGCONT, signal.SIGTERM)
        if not self._wait(self._spec.kill_after_seconds):
            deadline = time.monotonic() + _KILL_SECONDS
            while not self._wait(0.1) and time.monotonic() < deadline:
                processes.send(self._living(), signal.SIGKILL)
        if self._process.poll() is None:
            self._process.returncode = -signal.SIGKILL  # the kernel does not let go of it

    def note(self, text: str) -> None:
        """A line in the job's log, from us."""
        # The log is the script's; a full disk must not keep a job from being ended.
        with contextlib.suppress(OSError), open(self._spec.log, "a", encoding="utf-8") as log:
            log.write(f"yogo-tui: {text}\n")

    def _living(self) -> list[int]:
        living = processes.of_job(str(self._folder.path), self.pid)
        if self._last_known is None:
            return living
        return [pid for pid in living if pid in self._last_known or self._is_in_group(pid)]

    def _is_in_group(self, pid: int) -> bool:
        try:
            return os.getpgid(pid) == self.pid
        except ProcessLookupError:
            return True

    def _wait(self, seconds: float) -> bool:
        """Whether all of the job's processes are gone by then."""
        deadline = time.monotonic() + seconds
        while True:
            if self.has_ended() and not self._living():
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.1)

    def _open(self, path: str) -> IO[bytes]:
        """Opened to append whatever was asked, so that our notes and the script's lines overwrite nothing."""
        if not self._spec.directives.append:
            Path(path).write_bytes(b"")
        return open(path, "ab")


def _interpreter(script: Path) -> list[str]:
    """What the kernel would make of the first line: a program and at most one argument."""
    with script.open("rb") as file:
        first = file.readline(4096)
    return [os.fsdecode(word) for word in first.removeprefix(b"#!").strip().split(None, 1)]


def _slots(number: int) -> str:
    return "1 slot" if number == 1 else f"{number} slots"
