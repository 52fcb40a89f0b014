"""A file system that never answers, as a mount whose server is gone: who looks into it waits until it is taken away."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

_MNT_DETACH = 2
_libc = ctypes.CDLL(None, use_errno=True)


class CannotMount(Exception):
    """It takes root, and a kernel with FUSE."""


@contextlib.contextmanager
def dead_mount(folder: Path) -> Iterator[Path]:
    """`folder`, dead while the block lasts. Raises CannotMount."""
    folder.mkdir()
    try:
        device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise CannotMount(str(error)) from error
    try:
        options = f"fd={device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}"
        # The kernel asks through `device`, and nobody there reads.
        if _libc.mount(b"dead", os.fsencode(folder), b"fuse", 0, options.encode()):
            raise CannotMount(os.strerror(ctypes.get_errno()))
        try:
            yield folder
        finally:
            _libc.umount2(os.fsencode(folder), _MNT_DETACH)
    finally:
        os.close(device)
