"""Cgroups of a test's own, with little memory or little of the processors."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

_ROOT = Path("/sys/fs/cgroup")


@contextlib.contextmanager
def little_memory(mib: int) -> Iterator[Path]:
    """The file into which a process writes its id to be in a cgroup in which the kernel kills what takes more."""
    size = str(mib << 20)
    with _cgroup("memory", {"memory.limit_in_bytes": size}, {"memory.max": size}) as folder:
        for swap, most in (("memory.memsw.limit_in_bytes", size), ("memory.swap.max", "0")):
            with contextlib.suppress(OSError):
                (folder / swap).write_text(most)
        yield folder / "cgroup.procs"


@contextlib.contextmanager
def quota_of_cores(cores: float) -> Iterator[Path]:
    """The file into which a process writes its id to be in a cgroup that has so much of the processors."""
    time = str(int(cores * 100_000))
    with _cgroup("cpu", {"cpu.cfs_quota_us": time}, {"cpu.max": f"{time} 100000"}) as folder:
        yield folder / "cgroup.procs"


@contextlib.contextmanager
def _cgroup(controller: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Path]:
    """With what is in these files of the older, or the newer kind. Skips where this user may make none."""
    is_old = (_ROOT / controller).is_dir()
    folder = (_ROOT / controller if is_old else _ROOT) / f"yogo-test-{os.getpid()}"
    try:
        folder.mkdir()
        for name, text in (old if is_old else new).items():
            (folder / name).write_text(text)
    except OSError as error:
        with contextlib.suppress(OSError):
            folder.rmdir()
        pytest.skip(f"no cgroup can be made here: {error}")
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):
            folder.rmdir()
