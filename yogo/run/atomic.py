"""Files that are either the old one or the new one, whatever is killed in between."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

Fence = Callable[[], None]
"""Called right before a file takes its place; raises what forbids it."""


@contextlib.contextmanager
def replacing(
    path: Path,
    mode: int | None = None,
    *,
    durable: bool = True,
    previous: Path | None = None,
    fence: Fence | None = None,
) -> Iterator[IO[bytes]]:
    """A file that takes `path`'s place once it is written, flushed and on the disk; on an error, nothing changes.

    Its permissions are `mode`, or those of any new file here. Not `durable`, the disk is not waited for: what is
    cheap to make again survives a kill, not a power cut. The file that was at `path` is kept as `previous`, if that
    is given; at no moment is there none at `path` (unless the file system knows no hard links).
    """
    handle, name = _new_beside(path, 0o666 if mode is None else mode)
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            if durable:
                os.fsync(file.fileno())
        if fence is not None:
            fence()
        if previous is not None:
            _keep(path, previous)
        os.replace(name, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(name)
        if isinstance(error, OSError) and error.errno and error.filename in {None, name}:
            error.filename, error.filename2 = str(path), None  # a full disk names nothing by itself
        raise
    if durable:
        _sync_directory(path.parent)


def write_atomically(path: Path, data: bytes | str, fence: Fence | None = None) -> None:
    """Replace `path` with `data`. Raises OSError (a full disk, say); the old file then still stands."""
    with replacing(path, fence=fence) as file:
        file.write(data.encode() if isinstance(data, str) else data)


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """An OSError that leaves the block names `path`, if it named no file: a write that fails names none."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def umask() -> int:
    """The process's umask, which can only be read by setting it."""
    now = os.umask(0o077)
    os.umask(now)
    return now


def remove_torn(*paths: Path) -> None:
    """Remove what a process that was killed while it replaced one of these left. Only for who alone writes them."""
    for path in paths:
        for torn in path.parent.glob(f".{path.name}.*.part"):
            torn.unlink(missing_ok=True)


_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}
"""What a file system answers that knows no hard links; a full one answers otherwise."""


def _new_beside(path: Path, mode: int) -> tuple[int, str]:
    """A new open file in the folder of `path`, and its name. Umask and the folder's own rules have their say."""
    while True:
        name = str(path.with_name(f".{path.name}.{secrets.token_hex(4)}.part"))
        try:
            return os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), name
        except FileExistsError:
            continue
        except OSError as error:
            error.filename = str(path)  # the file that is wanted; of the other nobody has heard
            raise


def _keep(path: Path, previous: Path) -> None:
    """Give the file at `path`, if there is one, a second name that replaces whoever had it."""
    beside = previous.with_name(f".{previous.name}.part")
    beside.unlink(missing_ok=True)
    try:
        os.link(path, beside)
        os.replace(beside, previous)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.replace(path, previous)
    finally:
        # Where both were names of one file already, replacing does nothing.
        beside.unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
