"""How many processor cores this process may use."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from yogo.run.job import cpus_of_job

_CGROUPS = Path("/sys/fs/cgroup")
_OF_PROCESS = Path("/proc/self/cgroup")


@dataclass(frozen=True, slots=True)
class GrantedCores:
    """Cores that a process may use."""

    number: int
    why: str
    """What allows no more, in a few words; empty if nothing does but the number of cores that it may run on."""


def granted_cores(environment: Mapping[str, str] = os.environ) -> GrantedCores:
    """The fewest of: the cores that the kernel lets this process run on, its job's, and its cgroup's quota."""
    allowed = [GrantedCores(len(own_cores()) or os.cpu_count() or 1, "")]
    if job := cpus_of_job(environment):
        allowed.append(GrantedCores(job, "its job has no more"))
    allowed += [GrantedCores(max(1, int(quota)), f"its cgroup's quota is {quota:g}") for quota in _quotas()]
    return min(allowed, key=lambda one: one.number)


def own_cores() -> frozenset[int]:
    """The numbers of the cores that the kernel lets this process run on; empty where it does not say."""
    return frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()


def visible_cores() -> int:
    """Cores that this process may use: inside a job or a container, those of the job or the container."""
    return granted_cores().number


def _quotas() -> Iterator[float]:
    """In cores, of this process's cgroups and those around them, of both kinds. In a container its own cgroup may be
    the root of what is to be seen."""
    with contextlib.suppress(OSError):
        for line in _OF_PROCESS.read_text().splitlines():
            _, _, rest = line.partition(":")
            controllers, _, path = rest.partition(":")
            files: tuple[str, ...]
            if not controllers:
                files, roots = ("cpu.max",), ("", "unified")
            elif "cpu" in controllers.split(","):
                files, roots = ("cpu.cfs_quota_us", "cpu.cfs_period_us"), ("cpu", controllers)
            else:
                continue
            own = Path(path.lstrip("/"))
            for folder in (_CGROUPS / root / place for root in roots for place in (own, *own.parents)):
                with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
                    quota, period = " ".join((folder / file).read_text() for file in files).split()
                    if quota not in ("max", "-1"):
                        yield int(quota) / int(period)


def reading_threads(*, cached: bool, local_ranks: int = 1, has_gpu: bool = False, visible: int | None = None) -> int:
    """Number of threads to fetch images with, for one of `local_ranks` ranks; 0 means only the training thread.

    `visible` is the number of cores (default: those of this process).

    Copying out of the cache keeps few threads busy. On two cores without a GPU the network needs both.
    """
    cores = (visible or visible_cores()) // max(local_ranks, 1)
    if cores <= 2:
        return 1 if has_gpu and not cached else 0
    return min(cores - 1, 4 if cached else 32)
