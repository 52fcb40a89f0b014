"""The C library's memory allocator, told to keep what is freed."""

from __future__ import annotations

import contextlib
import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # malloc.h of glibc
_NEVER = 2**31 - 1


def keep_freed_memory() -> None:
    """Let this process keep freed memory for its next large tensors. Does nothing where there is no mallopt(3).

    glibc gives blocks of more than some MiB back at once, and the kernel zeroes their pages anew at the next
    step: on the CPU a third of a training step went there. The peak stays what it was.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, _NEVER)
