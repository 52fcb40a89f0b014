"""Parsing label files, many at a time. Imports nothing heavy, so that a process of its own for it starts at once."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from yogo.definition.labels import Notes, read_labels, read_notes


class Parsed(NamedTuple):
    """What stands in some label files, one after the other."""

    rows: array[float]
    """Five floats a box: class, x0, y0, x1, y1."""

    counts: array[int]
    """Boxes a file."""

    num_dropped: int


def parse(paths: Sequence[str | None], classes: tuple[str, ...]) -> Parsed:
    """The boxes of label files; none where there is no file. Raises DefinitionError."""
    rows, counts, num_dropped = array("f"), array("q"), 0
    for path in paths:
        before = len(rows)
        if path is not None:
            labels = read_labels(Path(path), classes, _notes(str(Path(path).parent)))
            rows.extend(labels.rows)
            num_dropped += labels.num_dropped
        counts.append((len(rows) - before) // 5)
    return Parsed(rows, counts, num_dropped)


@lru_cache
def _notes(folder: str) -> Notes | None:
    return read_notes(Path(folder))
