"""Processes that were killed: whether that was for want of memory, and what a launcher tells those that are left."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from yogo.early import name as name_of
from yogo.files.atomic import write_atomically

STATUS = 128 + signal.SIGKILL
"""The exit status of a process that was killed, as a shell has it."""

FILE = "YOGO_KILLED"
"""The variable that names the file in which a launcher tells its processes how the first of them ended."""

LATELY_SECONDS = 30.0
"""How long after a kill its process may take to end: its memory is freed first, and the others have time to notice."""

_TOLD_SECONDS = 2.0
_CGROUPS = Path("/sys/fs/cgroup")
_OF_PROCESS = Path("/proc/self/cgroup")
_COUNT = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)


class MemoryKills:
    """Watches how many processes of this one's cgroup the kernel has killed because the memory was full."""

    def __init__(self) -> None:
        self._file = _file()
        self._count = _read(self._file)
        self._rose_at: float | None = None

    def look(self) -> None:
        """To be called again and again, so that it is known when that was."""
        if (count := _read(self._file)) > self._count:
            self._count, self._rose_at = count, time.monotonic()

    @property
    def is_recent(self) -> bool:
        """Whether it has killed one lately."""
        self.look()
        return self._rose_at is not None and time.monotonic() - self._rose_at < LATELY_SECONDS


def _file() -> Path | None:
    """The file of this process's cgroup that counts; None where there is none."""
    return next((file for file in _files() if _COUNT.search(_text(file))), None)


def _files() -> Iterator[Path]:
    """Of both kinds of cgroups. In a container its own cgroup may be the root of what is to be seen."""
    for line in _text(_OF_PROCESS).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        places = [path.lstrip("/"), ""]
        if not controllers:
            yield from (_CGROUPS / root / place / "memory.events" for place in places for root in ("", "unified"))
        elif "memory" in controllers.split(","):
            yield from (_CGROUPS / "memory" / place / "memory.oom_control" for place in places)


def _read(file: Path | None) -> int:
    found = _COUNT.search(_text(file)) if file else None
    return int(found[1]) if found else 0


def _text(file: Path) -> str:
    with contextlib.suppress(OSError):
        return file.read_text()
    return ""


def ending_words(returncode: int, *, is_for_memory: bool) -> str:
    """How one of several processes was ended by a signal, in words; empty if it was not."""
    if returncode >= 0:
        return ""
    name = name_of(-returncode)
    if returncode != -signal.SIGKILL:
        return f"one of the run's processes was ended by {name}"
    if is_for_memory:
        return f"the memory was full: the kernel killed one of the run's processes ({name})"
    return f"one of the run's processes was killed by {name}, perhaps because the memory was full"


def tell(file: Path, words: str) -> None:
    """Tell the processes that are left. A failure is ignored: the disk may be what is full."""
    with contextlib.suppress(OSError):
        write_atomically(file, words)


def told() -> str:
    """How another process ended, as the launcher tells it; empty if it does not, or if there is no launcher."""
    if not (name := os.environ.get(FILE)):
        return ""
    deadline = time.monotonic() + _TOLD_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            return Path(name).read_text()
        time.sleep(0.02)
    return ""
