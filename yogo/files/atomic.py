"""Atomic replacement of files: after a kill at any moment, a file is either the old one or the new one."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

LONGEST = 200
"""Bytes."""

Fence = Callable[[], None]
"""Called right before a file is moved into place; may raise to prevent that."""


@contextlib.contextmanager
def replacing(
    path: Path,
    mode: int | None = None,
    *,
    durable: bool = True,
    previous: Path | None = None,
    fence: Fence | None = None,
) -> Iterator[IO[bytes]]:
    """A file that replaces `path` once it is written, flushed and on the disk; on an error, nothing changes.

    Its permissions are `mode`, or those of any new file here. If not `durable`, it does not wait for the disk: the file
    survives a kill but not a power cut, which suits what is cheap to make again. The old file is kept as `previous`, if
    that is given; there is always a file at `path` (unless the file system has no hard links).
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
            error.filename, error.filename2 = str(path), None  # the error of a full disk names no file
        raise
    if durable:
        sync_directory(path.parent)


def write_atomically(path: Path, data: bytes | str, fence: Fence | None = None) -> None:
    """Replace `path` with `data`. Raises OSError (for example on a full disk); the old file then stays."""
    with replacing(path, fence=fence) as file:
        file.write(data.encode() if isinstance(data, str) else data)


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """An OSError that leaves the block names `path` if it named no file, as failed writes do not."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def cut(name: str) -> str:
    """A file name shortened so that longer names can begin with it: a file system allows 255 bytes."""
    while len(os.fsencode(name)) > LONGEST:
        name = name[:-1]
    return name


def umask() -> int:
    """The process's umask, which can only be read by setting it."""
    now = os.umask(0o077)
    os.umask(now)
    return now


def remove_torn(*paths: Path) -> None:
    """Remove the temporary files that a killed process left beside these. Only for the sole writer of these files."""
    for path in paths:
        for torn in path.parent.glob(f".{glob.escape(cut(path.name))}.*.part"):
            torn.unlink(missing_ok=True)


_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}
"""The errors of a file system without hard links; a full disk gives others."""


def _new_beside(path: Path, mode: int) -> tuple[int, str]:
    """A new open file in the folder of `path`, and its name. The umask and the folder's own rules apply."""
    while True:
        name = str(path.with_name(f".{cut(path.name)}.{secrets.token_hex(4)}.part"))
        try:
            return os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), name
        except FileExistsError:
            continue
        except OSError as error:
            error.filename = str(path)  # name the target; the user does not know the temporary file
            raise


def _keep(path: Path, previous: Path) -> None:
    """Give the file at `path`, if there is one, a second name, replacing any file of that name."""
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
        # If both are names of one file already, replacing does nothing.
        beside.unlink(missing_ok=True)


def sync_directory(directory: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
