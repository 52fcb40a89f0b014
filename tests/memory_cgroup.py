"""A cgroup with little memory, in which the kernel kills what takes more."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path("/sys/fs/cgroup")


@contextlib.contextmanager
def little_memory(mib: int) -> Iterator[Path]:
    """The file into which a process writes its id to be in it. Skips where this user may make none."""
    is_old = (_ROOT / "memory").is_dir()
    folder = (_ROOT / "memory" if is_old else _ROOT) / f"yogo-test-{os.getpid()}"
    try:
        folder.mkdir()
        limit = folder / ("memory.limit_in_bytes" if is_old else "memory.max")
        limit.write_text(str(mib << 20))
        for swap in ("memory.memsw.limit_in_bytes", "memory.swap.max"):
            with contextlib.suppress(OSError):
                (folder / swap).write_text(str(mib << 20) if is_old else "0")
    except OSError as error:
        with contextlib.suppress(OSError):
            folder.rmdir()
        pytest.skip(f"no cgroup can be made here: {error}")
    try:
        yield folder / "cgroup.procs"
    finally:
        with contextlib.suppress(OSError):
            folder.rmdir()
