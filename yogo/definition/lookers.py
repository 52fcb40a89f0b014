"""Looking at many files: with few threads where their file system answers at once, with more where it takes a while."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_THREADS = 16
_QUICK_THREADS = 2
"""Where a file is looked at in no time, more threads only wait for each other."""

SLOW_SECONDS = 50e-6
"""For looking at a file: from then on threads hide the latency of its file system."""

Part = TypeVar("Part", bound=Sized)
Found = TypeVar("Found")


class Lookers(ThreadPoolExecutor):
    """Threads that hide the latency of a file system. What they have not begun is left out after an error."""

    def __init__(self, folders: Sequence[str] = ()) -> None:
        """As many as suit the file system of `folders`; many where they are not given."""
        super().__init__(_QUICK_THREADS if _is_quick(folders) else _THREADS)

    def __exit__(self, kind: object, *rest: object) -> None:
        self.shutdown(cancel_futures=kind is not None)


def _is_quick(folders: Sequence[str]) -> bool:
    """Whether the file system answers at once, by a few files of the last folder."""
    looked, began = 0, time.perf_counter()
    with contextlib.suppress(OSError):
        for folder in folders[-1:]:
            with os.scandir(folder) as entries:
                for entry in itertools.islice(entries, 20):
                    os.stat(entry.path)
                    looked += 1
    return looked > 0 and time.perf_counter() - began < SLOW_SECONDS * looked


def each(look: Callable[[Part], Found], parts: Iterable[Part], slow_seconds: float = SLOW_SECONDS) -> Iterator[Found]:
    """What is found in each part, some files, in order: by this thread as long as a file takes less, then by others."""
    left = iter(parts)
    for part in left:
        began = time.perf_counter()
        found = look(part)
        is_slow = time.perf_counter() - began > slow_seconds * len(part)
        yield found
        if is_slow:
            break
    else:
        return
    with Lookers() as pool:
        yield from pool.map(look, left)
