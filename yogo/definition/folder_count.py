"""What is in the label files of a folder. It is remembered, so that only files that changed are read again.

<memory>/<digest of the folder's path and the classes>.json   {name: [size, mtime_ns, changed, inode, boxes, ...]}
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from yogo.definition.identity import Status, settled, status
from yogo.definition.labels import Notes, examine_labels, notes_file, read_notes
from yogo.definition.lookers import each
from yogo.definition.problem import InvalidDatasetDefinitionFile, Problem
from yogo.definition.stamps import remember, remembered

FORMAT = 1
"""Changes whenever label files are read by new rules, so that what was counted by the old ones is not used."""

WHOLE = 65_535
"""A width or height of the whole frame."""

_AT_A_TIME = 100
_SLOW_SECONDS = 500e-6
"""A file that takes longer to read, as over a network, is worth a thread."""

_Read = tuple[tuple[str, "FileCount"], ...]


class FileCount(NamedTuple):
    """What is in one label file."""

    boxes: array[int]
    """Three numbers each: class index, and width and height in fractions of the frame, times WHOLE."""

    num_dropped: int
    """Boxes that were left out because they are too small."""

    is_empty: bool
    """Whether it says that nothing is on the image."""

    problems: tuple[Problem, ...]

    def __len__(self) -> int:
        return len(self.boxes) // 3


class FolderCounter:
    """Counts the label files of folders."""

    def __init__(self, classes: Sequence[str], memory: Path | None) -> None:
        self.classes = tuple(classes)
        self._memory = memory
        self._notes: dict[Path, tuple[list[Status], Notes | None]] = {}
        self._kept: dict[tuple[Path, tuple[str, ...]], dict[str, FileCount]] = {}
        self.problems: list[Problem] = []
        """Of the notes beside the folders."""

    def count(
        self, folder: Path, names: Sequence[str], tell: Callable[[int], None], *, keep: bool = False
    ) -> dict[str, FileCount]:
        """What is in the files `names` of a folder. `tell` receives how many more are done. With `keep`, the answer is
        kept for the next time that the same is asked."""
        asked = folder, tuple(names)
        if (found := self._kept.pop(asked, None)) is None:
            found = self._count_files(folder, names, tell)
        else:
            tell(len(names))
        if keep:
            self._kept[asked] = found
        return found

    def _count_files(self, folder: Path, names: Sequence[str], tell: Callable[[int], None]) -> dict[str, FileCount]:
        noted, notes = self._read_notes(folder)
        key, version = json.dumps([str(folder), self.classes]), [FORMAT, *map(list, noted)]
        kept = remembered(self._memory, key)
        known = kept.get("files") if kept.get("version") == version else None
        known = known if isinstance(known, dict) else {}
        now = _statuses(str(folder), names)
        found: dict[str, FileCount] = {}
        for name, entry in known.items():
            if (as_now := now.get(name)) and isinstance(entry, list) and entry[:4] == [*as_now]:
                with contextlib.suppress(ValueError, TypeError, IndexError):
                    found[name] = _unpacked(entry, folder / name)
        tell(len(found))
        changed = [name for name in names if name not in found]
        # Before they are read: a file may be written to once more in the tick of the clock in which it is looked at.
        is_sure = settled([*noted, *(now[name] for name in changed if name in now)])
        try:
            for some in self._read(folder, changed, notes):
                found.update(some)
                tell(len(some))
        finally:  # what was read before it is left is not read again
            if is_sure and changed:
                others = {name: entry for name, entry in known.items() if name not in now}
                there = set(os.listdir(folder)) if others else ()
                entries = {name: entry for name, entry in others.items() if name in there}
                entries |= {name: [*now[name], *_packed(one)] for name, one in found.items() if name in now}
                remember(self._memory, key, {"version": version, "files": entries})
        return found

    def _read(self, folder: Path, names: Sequence[str], notes: Notes | None) -> Iterator[_Read]:
        def read(part: Sequence[str]) -> _Read:
            return tuple((name, self._count(folder / name, notes)) for name in part)

        parts = [names[start : start + _AT_A_TIME] for start in range(0, len(names), _AT_A_TIME)]
        return each(read, parts, _SLOW_SECONDS)

    def _count(self, path: Path, notes: Notes | None) -> FileCount:
        labels, told = examine_labels(path, self.classes, notes)
        rows, boxes = labels.rows, array("H")
        for start in range(0, len(rows), 5):
            index, x0, y0, x1, y1 = rows[start : start + 5]
            boxes.extend((int(index), min(WHOLE, round((x1 - x0) * WHOLE)), min(WHOLE, round((y1 - y0) * WHOLE))))
        return FileCount(boxes, labels.num_dropped, not (rows or told), tuple(told))

    def _read_notes(self, folder: Path) -> tuple[list[Status], Notes | None]:
        """What the notes file was right before it was read, and the notes."""
        place = notes_file(folder)
        if place not in self._notes:
            now = [*_statuses(str(place.parent), [place.name]).values()]
            self._notes[place] = now, None
            try:
                self._notes[place] = now, read_notes(folder)
            except InvalidDatasetDefinitionFile as error:
                self.problems.append(error.problem)
        return self._notes[place]


def _statuses(folder: str, names: Sequence[str]) -> dict[str, Status]:
    """Of those that can be looked at."""
    found = {}
    with contextlib.suppress(OSError):
        inside = os.open(folder, os.O_RDONLY)
        try:
            for name in names:
                with contextlib.suppress(OSError):
                    found[name] = status(f"{folder}/{name}", os.stat(name, dir_fd=inside))
        finally:
            os.close(inside)
    return found


def _packed(one: FileCount) -> list[Any]:
    boxes = base64.b64encode(one.boxes.tobytes()).decode()
    told = [
        [problem.severity, problem.message, problem.line, problem.missing, problem.kind] for problem in one.problems
    ]
    return [boxes, one.num_dropped, one.is_empty, told]


def _unpacked(entry: Sequence[Any], path: Path) -> FileCount:
    """Raises ValueError, TypeError or IndexError for an entry that is damaged."""
    boxes = array("H", base64.b64decode(entry[4], validate=True))
    told = [Problem(severity, message, path, *rest) for severity, message, *rest in entry[7]]
    if len(boxes) % 3:
        raise ValueError(f"{len(boxes)} numbers are no boxes")
    return FileCount(boxes, int(entry[5]), bool(entry[6]), tuple(told))
