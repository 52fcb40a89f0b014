"""Questions about the trash of a folder of runs: a folder beside the runs, on the same disk, so that moving is atomic.

Each move makes a batch of its own, a folder whose name begins with the time, which can be moved back as a whole.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from yogo.errors import RunError
from yogo_tui.hosts.base import Tell

TRASH = ".trash"

_BLOCK = 512


@dataclass(frozen=True, slots=True)
class TrashBatch:
    """Runs that were moved to the trash together."""

    path: Path
    names: tuple[str, ...]
    num_bytes: int
    """0 where it was not asked for."""

    @property
    def folder(self) -> Path:
        """Where the runs were."""
        return self.path.parent.parent

    @property
    def at(self) -> str:
        """Its name, which begins with the time: later ones come later in the alphabet."""
        return self.path.name


@dataclass(frozen=True)
class SizesOf:
    """How many bytes each of these takes on the disk; 0 for one that is not there or cannot be read."""

    paths: tuple[Path, ...]

    def answer(self, tell: Tell) -> tuple[int, ...]:
        sizes = []
        for number, path in enumerate(self.paths):
            tell("measuring", number, len(self.paths))
            sizes.append(size_of(path))
        return tuple(sizes)


@dataclass(frozen=True)
class TrashRuns:
    """Move these run directories to the trash, as the batch of this name. Raises RunError if one is gone; OSError."""

    runs: tuple[Path, ...]
    batch: str

    changes: ClassVar = "the runs were moved to the trash"

    def answer(self, tell: Tell) -> None:
        for run in self.runs:
            to = run.parent / TRASH / self.batch / run.name
            if os.path.lexists(to):  # moved before the line broke
                continue
            if not os.path.lexists(run):
                raise RunError(f"{run} is not there any more")
            to.parent.mkdir(parents=True, exist_ok=True)
            os.rename(run, to)


@dataclass(frozen=True)
class ListTrash:
    """The batches in the trash of these folders of runs, the latest first. Raises OSError."""

    folders: tuple[Path, ...]
    with_sizes: bool = True

    def answer(self, tell: Tell) -> tuple[TrashBatch, ...]:
        found = [batch for folder in self.folders for batch in _inside(folder / TRASH) if batch.is_dir()]
        names = [tuple(run.name for run in _inside(one)) for one in found]
        sizes = [size_of(one) if self.with_sizes else 0 for one in found]
        batches = map(TrashBatch, found, names, sizes)
        return tuple(sorted(batches, key=lambda one: one.at, reverse=True))


@dataclass(frozen=True)
class UndoTrash:
    """Move the runs of a batch back to where they were. Raises RunError, before any is moved, if one has a successor of
    its name; OSError."""

    batch: Path

    changes: ClassVar = "the runs were moved back"

    def answer(self, tell: Tell) -> None:
        runs, folder = _inside(_checked(self.batch)), self.batch.parent.parent
        for run in runs:
            if os.path.lexists(folder / run.name):
                raise RunError(f"{folder} has another {run.name} by now; {run} is left where it is")
        for run in runs:
            os.rename(run, folder / run.name)
        _remove_if_empty(self.batch)
        _remove_if_empty(self.batch.parent)


@dataclass(frozen=True)
class EmptyTrash:
    """Remove these batches for good. Raises RunError for what is not in a trash; OSError."""

    batches: tuple[Path, ...]

    changes: ClassVar = "the trash was emptied"

    def answer(self, tell: Tell) -> None:
        for number, batch in enumerate(map(_checked, self.batches)):
            tell("removing", number, len(self.batches))
            if batch.is_dir():
                shutil.rmtree(batch)
            _remove_if_empty(batch.parent)


def size_of(path: Path) -> int:
    """In bytes on the disk. A file with several names counts once, and links are not followed."""
    files = {(status.st_dev, status.st_ino): status.st_blocks * _BLOCK for status in _statuses(path)}
    return sum(files.values())


def _statuses(path: Path) -> Iterator[os.stat_result]:
    try:
        status = path.lstat()
        yield status
        if stat.S_ISDIR(status.st_mode):
            for one in _inside(path):
                yield from _statuses(one)
    except OSError:
        return


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _checked(batch: Path) -> Path:
    if batch.parent.name != TRASH or batch.is_symlink():
        raise RunError(f"{batch} is not in a trash; it is left as it is")
    return batch


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not _inside(folder):
        folder.rmdir()
