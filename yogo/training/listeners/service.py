"""A helper process that receives lines of JSON, with a time limit on every wait for it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Any

MOST_WAITING = 10_000
"""Lines queued for a busy helper; further ones are dropped."""


class Service:
    def __init__(self, folder: Path) -> None:
        """Starts at once; its output goes to a file in `folder`, if that can be written."""
        self._lines: queue.Queue[bytes] = queue.Queue(MOST_WAITING)
        self._unread = b""
        # W&B leaves folders behind where its process is ended rather than ends.
        self._temporary = ""
        with contextlib.suppress(OSError):
            self._temporary = tempfile.mkdtemp(prefix="yogo-wandb-")
        with _log(folder) as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "yogo.training.listeners.wandb_service"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=os.environ | ({"TMPDIR": self._temporary} if self._temporary else {}),
                start_new_session=True,
            )
        threading.Thread(target=self._send, daemon=True).start()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def tell(self, message: dict[str, Any]) -> None:
        """Never waits."""
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(json.dumps(message).encode() + b"\n")

    def answer(self, key: str, seconds: float) -> dict[str, str]:
        """The next answer that holds `key` or an error; empty if there is none in time."""
        deadline = time.monotonic() + seconds
        while True:
            while b"\n" in self._unread:
                line, _, self._unread = self._unread.partition(b"\n")
                found: dict[str, str] = json.loads(line)
                if key in found or "error" in found:
                    return found
            assert self._process.stdout is not None
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self._process.stdout], [], [], left)[0]:
                return {}
            part = os.read(self._process.stdout.fileno(), 1 << 16)
            if not part:
                return {"error": "its process has ended"}
            self._unread += part

    def end(self) -> None:
        """Kill the helper and its children at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdout, self._process.stdin):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        if self._temporary:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def _send(self) -> None:
        """Write in a thread, because a busy helper does not read."""
        pipe = self._process.stdin
        assert pipe is not None
        with contextlib.suppress(OSError, ValueError):
            while self.is_alive:
                try:
                    line = self._lines.get(timeout=1.0)
                except queue.Empty:
                    continue
                pipe.write(line)
                pipe.flush()


@contextlib.contextmanager
def _log(folder: Path) -> Any:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file: IO[bytes] = (folder / "yogo-service.log").open("ab")
    except OSError:
        file = open(os.devnull, "wb")  # noqa: SIM115
    with file:
        yield file
