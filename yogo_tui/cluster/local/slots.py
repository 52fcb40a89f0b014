"""GPU slots: lock files, one a slot. A job locks as many as it needs; jobs are served in the order of their ids.

A job queues for slots (by a file in waiting/) once its parent has finished. Only the first living job of this queue
may take slots, so that a small job does not overtake a big one. The tasks of an array whose number is limited queue for
one of its places before that, in the same way.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from yogo.files import locks
from yogo_tui.cluster.local.store import Store, numbers


def gpus() -> tuple[str, ...]:
    """The GPUs that jobs may use, as CUDA_VISIBLE_DEVICES names them: those of the user's own value, else all."""
    if (allowed := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return tuple(name.strip() for name in allowed.split(",") if name.strip())
    names = (name.removeprefix("nvidia") for name in os.listdir("/dev") if name.startswith("nvidia"))
    return tuple(str(number) for number in range(sum(name.isdecimal() for name in names)))


def num_free(store: Store, total: int) -> int:
    """How many of the `total` slots are free now. Raises OSError."""
    return sum(not locks.is_held(_slot(store, number)) for number in range(total))


@contextlib.contextmanager
def in_line(line: Path, job_id: int) -> Iterator[None]:
    """Queue while the block lasts, by a file in the folder `line`. Raises OSError."""
    place = line / str(job_id)
    place.touch()
    try:
        yield
    finally:
        place.unlink(missing_ok=True)


def num_waiting(store: Store) -> int:
    """How many living jobs queue for slots. Raises OSError."""
    return sum(locks.is_held(store.job(job_id).lock) for job_id in numbers(store.line))


def is_first(store: Store, line: Path, job_id: int) -> bool:
    """Whether no living job of a smaller id queues there. Raises OSError."""
    return not any(locks.is_held(store.job(other).lock) for other in numbers(line) if other < job_id)


def try_take_place(array: Path, throttle: int) -> int | None:
    """Lock one of the places of an array, whose first job has this folder. Returns its descriptor; None if none is
    free. Raises OSError."""
    places = (locks.try_take(array / f"place-{number}") for number in range(throttle))
    return next((place for place in places if place is not None), None)


def try_take(store: Store, *, needs: int, total: int) -> dict[int, int] | None:
    """Lock `needs` of the `total` slots. Returns slot numbers with their descriptors; None, with no slot locked, if too
    few are free or another job is choosing. Raises OSError."""
    with locks.attempt(store.machine / "turn") as is_ours:
        # Not even for a moment: who asks how many slots are free would be told of fewer.
        if not is_ours or num_free(store, total) < needs:
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
