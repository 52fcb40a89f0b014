"""A folder that appears when all of it is written, and never where something stands already."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import posixpath
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from yogo.errors import LabelsError
from yogo.files import locks
from yogo.files.atomic import cut, naming, umask
from yogo.formats.labelled import SourcePlace

_LOCK = "lock"
"""Beside the files that are being written: held for as long as somebody writes them."""


class OutputFolder:
    """Takes the files of a format. In a dry run it writes nothing, and refuses what writing would refuse."""

    def __init__(self, out: Path, staging: Path | None) -> None:
        self.out = out
        """Where the files will lie."""

        self.removed: list[Path] = []
        """What killed conversions to the same place had left."""

        self.names: set[str] = set()
        self._staging = staging
        self._folders: set[Path] = set()

    def create(self, name: str, place: SourcePlace | None = None) -> IO[bytes]:
        """A new file, at a path below the folder. Raises LabelsError, naming `place`, if there is one already."""
        if name in self.names:
            sentence = f"A second image would be written to {name}: give the two different names, or remove one"
            raise place.error(sentence) if place else LabelsError(sentence)
        self.names.add(name)
        if self._staging is None:
            return open(os.devnull, "wb")
        return open(self._ready(self._staging / name), "xb")

    def _ready(self, path: Path) -> Path:
        if path.parent not in self._folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(path.parent)
        return path

    def link(self, name: str, file: Path) -> bool:
        """A link at a path below the folder to a file elsewhere; False on a disk that cannot have one."""
        if self._staging is not None:
            try:
                os.symlink(self.path_to(file, posixpath.dirname(name)), self._ready(self._staging / name))
            except OSError as error:
                if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}:
                    raise
                return False
        return True

    def path_to(self, there: Path, below: str = "") -> str:
        """The path of what lies elsewhere, from this folder or one below it; absolute if they share only the root."""
        real, out = there.resolve(), self.out
        with contextlib.suppress(OSError):
            out = out.parent.resolve() / out.name
        is_near = len(Path(os.path.commonpath([real, out])).parts) > 1
        return os.path.relpath(real, out / below) if is_near else str(real)

    def write(self, name: str, text: str, place: SourcePlace | None = None) -> None:
        with self.create(name, place) as file:
            file.write(text.encode())

    def append(self, target: IO[bytes], name: str) -> None:
        """Move the contents of a file that was created to the end of another one."""
        self.names.discard(name)
        if self._staging is not None:
            with open(self._staging / name, "rb") as source:
                shutil.copyfileobj(source, target)
            (self._staging / name).unlink()

    def make_folder(self, name: str) -> None:
        if self._staging is not None:
            (self._staging / name).mkdir(parents=True, exist_ok=True)


@contextlib.contextmanager
def new_folder(out: Path, *, is_dry: bool = False) -> Iterator[OutputFolder]:
    """A folder at `out`, once the block has ended without an error; before that nothing is there.

    Raises LabelsError if something stands there, or appears meanwhile; OSError.
    """
    out = Path(os.path.abspath(out))
    check_free(out)
    if is_dry:
        yield OutputFolder(out, None)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    removed = _remove_left(out)
    with (
        naming(out),
        tempfile.TemporaryDirectory(
            prefix=f".{cut(out.name)}.", suffix=".part", dir=out.parent, ignore_cleanup_errors=True
        ) as staging,
        _held(Path(staging)),
    ):
        inside = Path(staging) / "made"
        inside.mkdir(0o777 & ~umask())
        folder = OutputFolder(out, inside)
        folder.removed = removed
        yield folder
        try:
            os.rename(inside, out)
        except OSError as error:
            if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
                raise _taken(out) from None
            raise


@contextlib.contextmanager
def _held(staging: Path) -> Iterator[None]:
    """A lock while the block runs, which has its name once it is held. On a disk without locks it gets none, and nobody
    takes the folder for left."""
    descriptor = None
    with contextlib.suppress(OSError):
        descriptor = locks.try_take(staging / f"{_LOCK}.new")
        os.rename(staging / f"{_LOCK}.new", staging / _LOCK)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _remove_left(out: Path) -> list[Path]:
    """Remove what killed conversions to the same place left beside it. What a living process holds stays, and so does
    what has no lock. Returns what was removed."""
    mine = re.compile(rf"\.{re.escape(cut(out.name))}\.[a-z0-9_]{{8}}\.part")
    removed = []
    for name in sorted(os.listdir(out.parent)):
        if mine.fullmatch(name) and _is_left(path := out.parent / name):
            shutil.rmtree(path, ignore_errors=True)
            removed += [] if path.exists() else [path]
    return removed


def _is_left(path: Path) -> bool:
    try:
        return (path / _LOCK).is_file() and not path.is_symlink() and not locks.is_held(path / _LOCK)
    except OSError:
        return False


def check_free(out: Path) -> None:
    """Raises LabelsError unless nothing, or an empty folder, stands there."""
    if out.is_symlink() or (out.exists() and not out.is_dir()) or (out.is_dir() and any(out.iterdir())):
        raise _taken(out)


def _taken(out: Path) -> LabelsError:
    return LabelsError(f"{out} exists already, and nothing is written over it: name a new folder")


class JsonList:
    """A list in a JSON file, an element a line."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._num = 0

    def add(self, value: Any) -> None:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        self._file.write(f"{',' if self._num else ''}\n{text}".encode())
        self._num += 1
