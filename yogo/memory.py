"""A memory that is full, of the machine or of its GPU: torch and numpy say so in words of their own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from yogo.errors import YogoError

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
    """Around work on `device`: where its memory is full, raises `error` with a sentence that ends in the advice."""
    try:
        yield
    except (RuntimeError, MemoryError) as raised:
        if not is_full(raised):
            raise
        raise error(f"the memory of {device} is full: {advice}") from raised
