"""How many threads torch computes with on the CPU: one for each core that this process may use and no other keeps busy.

The threads of a step wait for each other many times. One that shares its core with another program holds up the others,
so beside a busy neighbour two threads on two cores take longer than one: see `benchmarks/neighbour.py`.
Light: torch is imported by whoever computes.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from importlib import import_module
from typing import Final

from yogo.device.cores import own_cores, visible_cores

EVERY_SECONDS = 1.0
"""How long it is looked what other processes do before the number changes."""

FIXED_BY: Final = "OMP_NUM_THREADS"
"""The variable with which a person sets the number; then it does not change."""

TRY_AFTER = 30
"""With fewer threads, how many looks until all are tried again: others may only use what is left over, as those do that
are niced."""

_LITTLE = 0.6
"""A core that others keep busy for less than this share of the time is free. A program that shares a core with one of
our threads has more of it, since that thread waits for the others now and then."""

_AT_WORK = 0.05
"""A process that computes for less than this share of the time waits for something, and others may use its cores."""

_SPINS = "30000"
"""How often a thread of GNU's OpenMP looks whether the others have ended before it sleeps: as fast as its own default
of 300,000 while the cores are free, and up to twice as fast beside a busy neighbour."""


class BusyCores:
    """How many of the cores that this process may run on are busy for other processes."""

    def __init__(self) -> None:
        self._then = _look()

    def take(self) -> float | None:
        """On average since it was asked last, if this process computed most of that time; 0 where the kernel does not
        tell."""
        now, then = _look(), self._then
        self._then = now
        wall, busy, own = (later - earlier for later, earlier in zip(now, then, strict=True))
        return max(0.0, (busy - own) / wall) if own > _AT_WORK * wall else None


def _look() -> tuple[float, float, float]:
    """In seconds: the clock, how long the cores have been busy, and for how long of that for this process."""
    return time.monotonic(), _busy_seconds(), time.process_time()


def _busy_seconds() -> float:
    mine, ticks = {f"cpu{number}" for number in own_cores()}, 0
    try:
        with open("/proc/stat", encoding="ascii") as file:
            for line in file:
                name, *fields = line.split()
                if name in mine:
                    user, nice, system, _idle, _waiting, *others = map(int, fields[:8])
                    ticks += user + nice + system + sum(others)
    except (OSError, ValueError):
        return 0.0
    return ticks / os.sysconf("SC_CLK_TCK")


def free_threads(most: int, busy: float) -> int:
    """How many threads to compute with, of at most so many, while others keep `busy` cores busy. Never less than half:
    where all cores are shared, more threads get more of them."""
    return max(1, most // 2, min(most, int(len(own_cores()) - busy + _LITTLE))) if own_cores() else most


class ComputingThreads:
    """Keeps the number of torch's threads at that of the free cores."""

    def __init__(self) -> None:
        self._others: BusyCores | None = None
        self._looked, self._most, self._looks = 0.0, 0, 0

    def share_cores(self) -> None:
        """From now on, `adapt` chooses the number, unless a person has. Before torch is imported."""
        if "OMP_WAIT_POLICY" not in os.environ:
            os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)
        if FIXED_BY not in os.environ:
            self._others = BusyCores()

    def adapt(self) -> None:
        """Look what others do, if that is a while ago: between two steps, in the thread that computes. It does nothing
        in a program that does not share the cores, as our commands do."""
        now = time.monotonic()
        if self._others is None or (self._most and now - self._looked < EVERY_SECONDS):
            return
        torch = import_module("torch")  # which the caller computes with
        self._looked, busy = now, self._others.take()
        if not self._most:  # what was busy before these threads computed says nothing
            self._most, busy = min(torch.get_num_threads(), visible_cores()), 0.0
        if busy is None:
            return
        wanted = free_threads(self._most, busy)
        self._looks = self._looks + 1 if wanted < self._most else 0
        if self._looks == TRY_AFTER:
            wanted, self._looks = self._most, 0
        if wanted != torch.get_num_threads():
            torch.set_num_threads(wanted)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one core: for short work, or beside others that compute, its threads would mostly wait."""
    torch = import_module("torch")
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(num_threads)


THREADS = ComputingThreads()
"""Of this process."""
