"""Memory: its errors, which torch and numpy report in different words, and the C library's allocator."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator

import torch

from yogo.errors import YogoError

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # malloc.h of glibc
_NEVER = 2**31 - 1
_WORDS = ("out of memory", "can't allocate memory", "unable to allocate")


def is_full(error: BaseException) -> bool:
    """Whether `error` says that there is no memory left.

    torch raises OutOfMemoryError only where its own allocator asked the GPU; a GPU that other programs have filled
    answers with another RuntimeError, and the machine's memory with a third.
    """
    said = str(error).lower()
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and any(word in said for word in _WORDS))


@contextlib.contextmanager
def full_memory_said(device: object, advice: str, error: type[YogoError]) -> Iterator[None]:
    """Wraps work on `device`: if its memory is full, raises `error` with a sentence that ends in the advice."""
    try:
        yield
    except (RuntimeError, MemoryError) as raised:
        if not is_full(raised):
            raise
        raise error(f"the memory of {device} is full: {advice}") from raised


def take_peak(device: torch.device) -> int | None:
    """Bytes of a GPU that this process's tensors took at their most since this was last asked; None on the CPU."""
    if device.type != "cuda":
        return None
    most = torch.cuda.max_memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    return most


def keep_freed_memory() -> None:
    """Let this process keep freed memory for its next large tensors. Does nothing where there is no mallopt(3).

    glibc returns blocks of more than some MiB at once, and the kernel zeroes their pages again at the next
    step: on the CPU this took a third of a training step. The peak memory does not change.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, _NEVER)
