"""Thumbnails, from which training frames are composed: small images of one cell each, in folders by class.

Which of them are used, and how many frames are composed, follows published yogo; yogo.datasets.composed_frames
composes them.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from yogo.definition.problem import InvalidDatasetDefinitionFile, Problem, complaint, fault
from yogo.files.foreign import foreign, leads_nowhere, no_file

MIN_THUMBNAIL_PIXELS = 500
"""Thumbnails of this many pixels or fewer are left out."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Thumbnail:
    path: Path
    class_index: int
    """Index of its class."""


def num_made(num_train: int) -> int:
    """How many frames are composed in addition to so many training images: half as many."""
    return num_train // 2


def thumbnails(classes: Sequence[str], folders: Mapping[str, Sequence[Path]]) -> tuple[Thumbnail, ...]:
    """All thumbnails in each class's `folders`, by class, then folder, then name, on any file system.

    Raises InvalidDatasetDefinitionFile for a file that is not a PNG or cannot be read.
    """
    return tuple(
        Thumbnail(path, class_index)
        for class_index, name in enumerate(classes)
        for folder in folders.get(name, ())
        for path in usable(folder)
    )


def usable(folder: Path) -> Iterator[Path]:
    """The thumbnails in a folder, by name: PNG files of enough area. Raises InvalidDatasetDefinitionFile."""
    found = [*examined(folder)]
    if wrong := [one for one in found if isinstance(one, Problem)]:
        raise complaint(wrong)
    yield from (one for one in found if isinstance(one, Path))


def examined(folder: Path) -> Iterator[Path | Problem]:
    """The same, with the problems of the others. Never raises."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        yield Problem("error", f"This folder cannot be listed: {error.strerror}", folder)
        return
    for name in names:
        if name.lower().endswith(".png") and not name.startswith("."):
            path = folder / name
            try:
                if _area(path) > MIN_THUMBNAIL_PIXELS:
                    yield path
            except InvalidDatasetDefinitionFile as error:
                yield error.problem


def _area(path: Path) -> int:
    """Number of pixels of a PNG; only its header is read. Raises InvalidDatasetDefinitionFile."""
    kind = "thumbnails that cannot be read"
    try:
        if what := leads_nowhere(path) or no_file(os.stat(path)):
            raise fault(f"This is {what}, not a thumbnail", path, kind=kind)
        with path.open("rb") as file:
            head = file.read(24)
    except OSError as error:
        raise fault(f"This thumbnail cannot be read: {error.strerror}", path, kind=kind) from error
    if len(head) < 24 or not head.startswith(_SIGNATURE):
        what = foreign(head)
        raise fault(f"This thumbnail is not a PNG image{what and f' but {what}'}", path, kind=kind)
    width, height = struct.unpack(">II", head[16:])
    return int(width * height)
