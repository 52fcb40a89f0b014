"""GPU slots: files of which a job locks as many as it needs, first come, first served.

A job stands in line (a file in waiting/) once its parent has ended well. Only the first living one in
line may take slots, so a small job never passes a big one that waits for more of them.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from yogo_tui.cluster.local import locks
from yogo_tui.cluster.local.store import Store


def gpus() -> tuple[str, ...]:
    """The GPUs that a job may use, as CUDA_VISIBLE_DEVICES names them: those that the user has set, else all."""
    if (allowed := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return tuple(name.strip() for name in allowed.split(",") if name.strip())
    names = (name.removeprefix("nvidia") for name in os.listdir("/dev") if name.startswith("nvidia"))
    return tuple(str(number) for number in range(sum(name.isdecimal() for name in names)))


def num_free(store: Store, total: int) -> int:
    """How many of the slots nobody holds now. Raises OSError."""
    return sum(not locks.is_held(_slot(store, number)) for number in range(total))


@contextlib.contextmanager
def in_line(store: Store, job_id: int) -> Iterator[None]:
    """Stand in line for as long as the block lasts. Raises OSError."""
    place = store.machine / "waiting" / str(job_id)
    place.touch()
    try:
        yield
    finally:
        place.unlink(missing_ok=True)


def num_waiting(store: Store) -> int:
    """How many living jobs stand in line. Raises OSError."""
    return sum(locks.is_held(store.job(job_id).lock) for job_id in store.waiting_ids())


def is_first(store: Store, job_id: int) -> bool:
    """Whether no living job stands in front of this one."""
    return not any(locks.is_held(store.job(other).lock) for other in store.waiting_ids() if other < job_id)


def try_take(store: Store, *, needs: int, total: int) -> dict[int, int] | None:
    """Slot numbers with the descriptors that hold them; None, and nothing held, unless all can be had."""
    with locks.attempt(store.machine / "turn") as is_ours:
        if not is_ours:
            return None
        taken: dict[int, int] = {}
        for number in range(total):
            if len(taken) == needs:
                break
            descriptor = locks.try_take(_slot(store, number))
            if descriptor is not None:
                taken[number] = descriptor
        if len(taken) == needs:
            return taken
        release(taken)
        return None


def release(taken: dict[int, int]) -> None:
    for descriptor in taken.values():
        os.close(descriptor)


def _slot(store: Store, number: int) -> Path:
    return store.machine / "slots" / str(number)
