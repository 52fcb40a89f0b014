"""Thumbnails, from which frames to train on are made: small pictures of one cell each, a folder or more a class.

Which of them count, and how many frames are made, is the published rule; yogo.data.made_frames makes them.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from yogo.definition.model import DatasetDefinition
from yogo.definition.problem import InvalidDatasetDefinitionFile, Problem, complaint, fault
from yogo.foreign import foreign, leads_nowhere, no_file

SMALLEST_AREA = 500
"""Thumbnails of no more pixels are left out."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Thumbnail:
    path: Path
    kind: int
    """Index of its class."""


def num_made(num_train: int) -> int:
    """How many frames are made beside so many training pictures: half as many."""
    return num_train // 2


def thumbnails(definition: DatasetDefinition) -> tuple[Thumbnail, ...]:
    """All that the definition names, by class, then folder, then name: an order that no file system decides.

    Raises InvalidDatasetDefinitionFile for a file that is no PNG or cannot be read.
    """
    named = definition.thumbnail_augmentation
    return tuple(
        Thumbnail(path, kind)
        for kind, name in enumerate(definition.classes)
        for folder in named.get(name, ())
        for path in usable(folder)
    )


def usable(folder: Path) -> Iterator[Path]:
    """The thumbnails in a folder, by name: PNG files of enough area. Raises InvalidDatasetDefinitionFile."""
    found = [*examined(folder)]
    if wrong := [one for one in found if isinstance(one, Problem)]:
        raise complaint(wrong)
    yield from (one for one in found if isinstance(one, Path))


def examined(folder: Path) -> Iterator[Path | Problem]:
    """The same, with what is wrong with the others. Never raises."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        yield Problem("error", f"This folder cannot be listed: {error.strerror}", folder)
        return
    for name in names:
        if name.lower().endswith(".png") and not name.startswith("."):
            path = folder / name
            try:
                if _area(path) > SMALLEST_AREA:
                    yield path
            except InvalidDatasetDefinitionFile as error:
                yield error.problem


def _area(path: Path) -> int:
    """Pixels of a PNG, of which no more than the head is read. Raises InvalidDatasetDefinitionFile."""
    kind = "thumbnails that cannot be read"
    try:
        if what := leads_nowhere(path) or no_file(os.stat(path)):
            raise fault(f"This is {what}, and no thumbnail", path, kind=kind)
        with path.open("rb") as file:
            head = file.read(24)
    except OSError as error:
        raise fault(f"This thumbnail cannot be read: {error.strerror}", path, kind=kind) from error
    if len(head) < 24 or not head.startswith(_SIGNATURE):
        what = foreign(head)
        raise fault(f"This thumbnail is not a PNG picture{what and f' but {what}'}", path, kind=kind)
    width, height = struct.unpack(">II", head[16:])
    return int(width * height)
