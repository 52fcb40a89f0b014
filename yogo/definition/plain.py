"""Only regular files are opened: a named pipe would wait for a writer, a device for ever, and both say nothing."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from yogo.definition.problem import InvalidDatasetDefinitionFile, fault

KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def no_file(found: os.stat_result) -> str:
    """What stands there if it is no regular file: a folder, a named pipe; empty for a file."""
    return next((what for test, what in KINDS if test(found.st_mode)), "")


def read_file(path: str | os.PathLike[str], what: str, most: int) -> bytes:
    """The bytes of a regular file of at most `most`: nothing else is opened, as a pipe would wait for a writer.

    `what` is what it should be, such as "label file". Raises InvalidDatasetDefinitionFile, MissingPath.
    """
    place = Path(path)
    try:
        found = os.stat(path)
        if kind := no_file(found):
            raise fault(f"This is {kind}; a {what} is expected", place, kind=f"no {what}s")
        if found.st_size > most:
            raise fault(f"This {what} is too large: {found.st_size:,} bytes", place, kind=f"too large {what}s")
        with open(path, "rb") as file:
            return file.read(most + 1)
    except InvalidDatasetDefinitionFile:
        raise
    except FileNotFoundError:
        dangling = os.path.islink(path)
        told = f"This {what} is a link to {os.readlink(path)}, which does not exist" if dangling else ""
        raise fault(told or f"This {what} does not exist", place, missing=True) from None
    except OSError as error:
        raise fault(f"This {what} cannot be read: {error.strerror}", place, kind=f"unreadable {what}s") from error
