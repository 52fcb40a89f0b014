"""Locks on files. The kernel lets go of them when their holder dies, however it dies; nothing goes stale."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

File = int | IO[bytes]
"""A descriptor or an open file: the lock holds until it, and whatever is a copy of it, is closed."""


def share(file: File) -> None:
    """Hold it beside others who share it, after whoever has it alone. Raises OSError."""
    fcntl.flock(file, fcntl.LOCK_SH)


def taken(file: File, *, shared: bool = False) -> bool:
    """Whether the lock could be had, alone or `shared`, without waiting for anybody. Raises OSError."""
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def try_take(path: Path) -> int | None:
    """A descriptor that holds the lock until it is closed; None while somebody else holds it. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        is_ours = taken(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    if not is_ours:
        os.close(descriptor)
    return descriptor if is_ours else None


@contextlib.contextmanager
def attempt(path: Path) -> Iterator[bool]:
    """Whether the lock was taken; it is given back at the end of the block."""
    descriptor = try_take(path)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Nobody else who asks for it is in the block meanwhile, on any machine that shares the disk. The file exists only
    for as long. Where it cannot be made, or the disk knows no locks, nobody is kept waiting."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError:
            yield
            return
        try:
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not _is_still(path, descriptor):  # who had it has removed it since
                continue
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return
        finally:
            os.close(descriptor)


def _is_still(path: Path, descriptor: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock. Shared probes do not disturb each other. Raises OSError."""
    try:
        with path.open("rb") as file:
            return not taken(file, shared=True)
    except FileNotFoundError:
        return False
