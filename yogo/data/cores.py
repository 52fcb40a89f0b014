"""How many processors this process may really use."""

from __future__ import annotations

import os


def visible_cores() -> int:
    """Cores that the scheduler lets this process run on: inside a job, those of the job."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def reading_threads(*, cached: bool, local_ranks: int = 1, has_gpu: bool = False, visible: int | None = None) -> int:
    """Threads that should fetch pictures for one of `local_ranks` ranks; 0 is none beside the training thread.

    `visible` is how many cores there are; those of this process, if it is not said.

    Copies out of the cache keep few threads busy. On two cores without a GPU the network has use for both.
    """
    cores = (visible or visible_cores()) // max(local_ranks, 1)
    if cores <= 2:
        return 1 if has_gpu and not cached else 0
    return min(cores - 1, 4 if cached else 32)
