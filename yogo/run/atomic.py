"""Files that are either the old one or the new one, whatever is killed in between."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def replacing(
    path: Path, mode: int = 0o644, *, durable: bool = True, previous: Path | None = None
) -> Iterator[IO[bytes]]:
    """A file that takes `path`'s place once it is written, flushed and on the disk; on an error, nothing changes.

    Not `durable`, the disk is not waited for: what is cheap to make again survives a kill, not a power cut.
    The file that was at `path` is kept as `previous`, if that is given; at no moment is there none at `path`
    (unless the file system knows no hard links).
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        error.filename = str(path)  # the file that is wanted; of the other nobody has heard
        raise
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.chmod(name, mode)
        if previous is not None:
            _keep(path, previous)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise
    if durable:
        _sync_directory(path.parent)


def write_atomically(path: Path, data: bytes | str) -> None:
    """Replace `path` with `data`. Raises OSError (a full disk, say); the old file then still stands."""
    with replacing(path) as file:
        file.write(data.encode() if isinstance(data, str) else data)


def remove_torn(*paths: Path) -> None:
    """Remove what a process that was killed while it replaced one of these left. Only for who alone writes them."""
    for path in paths:
        for torn in path.parent.glob(f".{path.name}.*.part"):
            torn.unlink(missing_ok=True)


def _keep(path: Path, previous: Path) -> None:
    """Give the file at `path`, if there is one, a second name that replaces whoever had it."""
    beside = previous.with_name(f".{previous.name}.part")
    beside.unlink(missing_ok=True)
    try:
        os.link(path, beside)
        os.replace(beside, previous)
    except FileNotFoundError:
        return
    except OSError:
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
