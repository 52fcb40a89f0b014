"""How many processor cores this process may use."""

from __future__ import annotations

import os


def visible_cores() -> int:
    """Cores that the scheduler lets this process run on: inside a job, those of the job."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def reading_threads(*, cached: bool, local_ranks: int = 1, has_gpu: bool = False, visible: int | None = None) -> int:
    """Number of threads to fetch images with, for one of `local_ranks` ranks; 0 means only the training thread.

    `visible` is the number of cores (default: those of this process).

    Copying out of the cache keeps few threads busy. On two cores without a GPU the network needs both.
    """
    cores = (visible or visible_cores()) // max(local_ranks, 1)
    if cores <= 2:
        return 1 if has_gpu and not cached else 0
    return min(cores - 1, 4 if cached else 32)
