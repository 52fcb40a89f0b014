"""Digests of what lies in a definition's folders: while one is the same, so is what was counted there.

No file is read, but each is looked at, since a folder does not show that a file in it was changed.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from array import array
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from yogo.definition.class_lists import places
from yogo.definition.identity import device_tells_changes, settled, status
from yogo.definition.labels import notes_file
from yogo.definition.lookers import Lookers
from yogo.definition.model import DatasetDefinition
from yogo.definition.problem import Problem

AT_A_TIME = 500
_INODE = (1 << 63) - 1
_COMPARING = "comparing files with those counted before"

Progress = Callable[[str, int, int], None]
"""Receives what is being done, how many are done, and of how many (0: not known)."""

Names = dict[str, list[str]]
"""Of the files in each folder."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of some folders, as they are now."""

    digest: str
    is_sure: bool
    """Whether any later change will show in the digest."""


def label_contents(
    definition: DatasetDefinition, problems: Sequence[Problem], tell: Progress, listed: Names | None = None
) -> Contents:
    """Of all that decides the counts: what the definition says, the label files, what lies beside them, and the names
    of the images, which are added to `listed`. Raises only what `tell` raises."""
    labels = _texts(pair.labels for pair in definition.all_dataset_paths)
    names = _texts(pair.images for pair in definition.all_dataset_paths)
    beside = [path for folder in labels for path in (notes_file(Path(folder)), *places(Path(folder)))]
    said = repr([definition.sha256, *map(str, problems), *labels, *names])
    with Lookers(labels) as pool:
        told = hashlib.sha256(said.encode(errors="replace"))
        for folder, found in zip(names, pool.map(_names, names), strict=True):
            told.update(_bytes(found))
            if listed is not None:
                listed[folder] = found
        newest = max(_look(pool, labels, told, tell), _beside(beside, told))
    return Contents(told.hexdigest(), settled([(0, newest, newest, 0)]))


def image_contents(definition: DatasetDefinition, tell: Progress, listed: Names | None = None) -> Contents:
    """Of the images, whose names were `listed` before if they are given. Raises only what `tell` raises."""
    folders = _texts(pair.images for pair in definition.all_dataset_paths)
    told = hashlib.sha256()
    with Lookers(folders) as pool:
        newest = _look(pool, folders, told, tell, listed)
    return Contents(told.hexdigest(), settled([(0, newest, newest, 0)]))


def all_contents(
    definition: DatasetDefinition, problems: Sequence[Problem], tell: Progress
) -> tuple[Contents, Contents]:
    """Of all that decides the counts, and of the images. Raises only what `tell` raises."""
    listed: Names = {}
    return label_contents(definition, problems, tell, listed), image_contents(definition, tell, listed)


def _texts(folders: Iterable[Path]) -> list[str]:
    return list(dict.fromkeys(map(str, folders)))


def _look(
    pool: ThreadPoolExecutor, folders: Sequence[str], told: hashlib._Hash, tell: Progress, known: Names | None = None
) -> int:
    """Add the files in the folders to the digest. Returns the newest of their times."""
    found = map(known.__getitem__, folders) if known else pool.map(_names, folders)
    listed = list(zip(folders, found, strict=True))
    total, done, newest = sum(len(names) for _, names in listed), 0, 0
    parts = [
        (folder, names[start : start + AT_A_TIME])
        for folder, names in listed
        for start in range(0, len(names), AT_A_TIME)
    ]
    for folder, names in listed:
        told.update(_bytes([folder, *names]))
    for (_, names), (rows, last) in zip(parts, pool.map(lambda part: _rows(*part), parts), strict=True):
        told.update(rows)
        newest = max(newest, last)
        done += len(names)
        tell(_COMPARING, done, total)
    return newest


def _names(folder: str) -> list[str]:
    """In the order in which the file system lists them, which stays while the folder does."""
    try:
        return os.listdir(folder)
    except OSError as error:
        return ["", str(error.errno)]


def _bytes(names: Sequence[str]) -> bytes:
    return "\0".join([*names, ""]).encode("utf-8", "surrogateescape")


def _rows(folder: str, names: Sequence[str]) -> tuple[bytes, int]:
    """Four numbers for each file, and the newest of their times."""
    rows: list[int] = []
    stat = os.stat
    try:
        inside = os.open(folder, os.O_RDONLY)
    except OSError:
        return b"", 0
    try:
        for name in names:
            try:
                found = stat(name, dir_fd=inside)
                modified, changed = found.st_mtime_ns, found.st_ctime_ns
                if changed == modified and not device_tells_changes(found.st_dev):
                    size, modified, changed, inode = status(f"{folder}/{name}", found)
                    rows += size, modified, changed, inode & _INODE
                else:
                    rows += found.st_size, modified, changed, found.st_ino & _INODE
            except OSError as error:
                rows += -1, error.errno or 0, 0, 0
    finally:
        os.close(inside)
    return array("q", rows).tobytes(), max(max(rows[1::4], default=0), max(rows[2::4], default=0))


def _beside(paths: Sequence[Path], told: hashlib._Hash) -> int:
    newest = 0
    for folder, some in itertools.groupby(paths, lambda path: path.parent):
        rows, last = _rows(str(folder), [path.name for path in some])
        told.update(rows)
        newest = max(newest, last)
    return newest
