"""Stopping a training as a node does that loses its network, to see that it writes nothing when it wakes up."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from tests.waiting import until


def freeze(pid: int, file: Path) -> None:
    """Stop a process while it does not write to `file`: a line that it has begun to write, it writes on waking up."""
    while True:
        os.kill(pid, signal.SIGSTOP)
        until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
        if not _has_open(pid, file):
            return
        os.kill(pid, signal.SIGCONT)


def _has_open(pid: int, file: Path) -> bool:
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if descriptor.samefile(file):
                return True
    return False
