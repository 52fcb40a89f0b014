"""Runs a job's script once: opens its log, starts and ends its processes, and knows its time limit."""

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

from yogo.text.wording import counted
from yogo_tui.cluster.local import environment, processes, slots
from yogo_tui.cluster.local.records import Spec
from yogo_tui.cluster.local.store import JobFolder

_KILL_SECONDS = 10.0
"""How long to wait for a killed process to disappear. One that the kernel holds, as on a dead disk, never does."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How one start of the script ended."""

    status: int
    """Exit status as in a shell: 128 plus the signal's number if a signal ended it."""

    cancelled: str = ""
    """Why it was cancelled; empty if it was not."""

    is_timeout: bool = False
    problem: str = ""
    """Why it could not be started; empty if it could."""


class BatchScript:
    def __init__(self, spec: Spec, folder: JobFolder, *, restarts: int) -> None:
        self._spec = spec
        self._folder = folder
        self._restarts = restarts
        self._started = 0.0
        self._is_warned = False
        self._process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int:
        code = self._process.returncode
        return 128 - code if code < 0 else code

    def start(self, taken: tuple[int, ...]) -> None:
        """Start the script on the slots in `taken`.

        Raises OSError if its folder or its interpreter does not exist, or if its log cannot be written.
        """
        spec = self._spec
        values = environment.of_job(spec, self._folder, restarts=self._restarts, slots=taken, gpus=slots.gpus())
        with contextlib.ExitStack() as files:
            log = files.enter_context(self._open(spec.log))
            errors = files.enter_context(self._open(spec.error_log)) if spec.error_log else subprocess.STDOUT
            if spec.directives.gpus > spec.needs:
                gpus, own = counted(spec.directives.gpus, "GPU"), counted(spec.slots, "slot")
                self.note(f"it asks for {gpus}, and gets this machine's {own}")
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
        """Whether the script has ended. It is not reaped here, so that no other process or session gets its id."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def is_past_limit(self) -> bool:
        limit = self._spec.directives.time_limit_seconds
        return limit is not None and time.monotonic() - self._started >= limit

    def warn_in_time(self) -> None:
        """Send the warning signal to the batch shell, once, when the time limit is near."""
        asks = self._spec.directives
        if self._is_warned or asks.warning_signal is None or asks.time_limit_seconds is None:
            return
        if time.monotonic() - self._started >= asks.time_limit_seconds - asks.warning_seconds:
            self._is_warned = True
            os.kill(self.pid, asks.warning_signal)

    def end(self, why: str) -> None:
        """End every process of the job, first with TERM, then with KILL; processes that the script left behind too.

        `status` is known afterwards, and not before. `why` is written into the job's log.
        """
        if why:
            self.note(f"*** JOB {self._spec.shown_id} {why} AT {datetime.now():%Y-%m-%dT%H:%M:%S} ***")
        # The whole group in one call, as its processes may start others meanwhile; then the processes outside it.
        for number in (signal.SIGCONT, signal.SIGTERM):
            os.killpg(self.pid, number)
        others = [pid for pid in self._living() if not self._is_in_group(pid)]
        processes.send(others, signal.SIGCONT, signal.SIGTERM)
        if not self._wait(self._spec.kill_after_seconds):
            deadline = time.monotonic() + _KILL_SECONDS
            while not self._wait(0.1) and time.monotonic() < deadline:
                processes.send(self._living(), signal.SIGKILL)
        if self._process.poll() is None:
            self._process.returncode = -signal.SIGKILL  # the kernel still holds it

    def note(self, text: str) -> None:
        """Append a line of the supervisor's to the job's log. A log that cannot be written is ignored."""
        # A full disk must not prevent a job from being ended.
        with contextlib.suppress(OSError), open(self._spec.log, "a", encoding="utf-8") as log:
            log.write(f"yogo-tui: {text}\n")

    def _living(self) -> list[int]:
        return processes.of_this_supervisor(self.pid)

    def _is_in_group(self, pid: int) -> bool:
        try:
            return os.getpgid(pid) == self.pid
        except ProcessLookupError:
            return True

    def _wait(self, seconds: float) -> bool:
        """Wait for at most `seconds`. Returns whether all of the job's processes are gone."""
        deadline = time.monotonic() + seconds
        while True:
            if self.has_ended() and not self._living():
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.1)

    def _open(self, path: str) -> IO[bytes]:
        """Open a log to append to it, so that notes and the script's lines never overwrite each other."""
        if not self._spec.directives.append:
            Path(path).write_bytes(b"")
        return open(path, "ab")


def _interpreter(script: Path) -> list[str]:
    """The program, and at most one argument, that the kernel reads from the script's first line."""
    with script.open("rb") as file:
        first = file.readline(4096)
    return [os.fsdecode(word) for word in first.removeprefix(b"#!").strip().split(None, 1)]
