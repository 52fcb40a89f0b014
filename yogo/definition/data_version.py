"""The data of a definition as they are now, or of a run as it has trained on them: what two of them are compared by."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from yogo.definition.identity import Status, status
from yogo.definition.labels import Labels, Notes, examine_labels, notes_file, read_notes
from yogo.definition.model import DatasetDefinition
from yogo.definition.problem import InvalidDatasetDefinitionFile
from yogo.definition.record import DataRecord
from yogo.definition.split import split
from yogo.definition.stamps import Stamp, stamps
from yogo.errors import RunError
from yogo.run.directory import RunDirectory
from yogo.run.manifest import Manifest
from yogo.run.result import sha256


@dataclass(frozen=True, slots=True)
class VersionedImage:
    key: str
    split: str
    image: str
    """Path, and that of the label; empty if there is none."""

    label: str
    group: str = ""
    image_stamp: Stamp | None = None
    """The file as it was; None in a definition, which means the file as it is."""

    label_stamp: Stamp | None = None


@dataclass(slots=True)
class DataVersion:
    name: str
    """As it was asked for."""

    is_run: bool
    classes: tuple[str, ...]
    images: list[VersionedImage]
    notes: dict[str, str] = field(default_factory=dict)
    """The digest of the notes.json that a run has read, by its path; empty where there was none."""

    unreadable: int = 0
    """Labels whose boxes cannot be told any more."""

    _notes: dict[str, tuple[str, Notes | None]] = field(default_factory=dict)

    def meaning(self, label: str) -> str:
        """The digest of the notes.json that says what the numbers in this label mean."""
        folder = label.rpartition("/")[0]
        path = str(notes_file(Path(folder)))
        return self.notes.get(path, "") if self.is_run else self._notes_of(folder)[0]

    def boxes(self, image: VersionedImage) -> list[tuple[str, tuple[float, ...]]] | None:
        """Class, and corners in fractions of the image, of each box; None if they cannot be known, since the file, or
        the notes that explain it, are not as they were any more."""
        if not image.label:
            return []
        digest, notes = self._notes_of(image.label.rpartition("/")[0])
        if not _is_still(image.label, image.label_stamp) or (self.is_run and digest != self.meaning(image.label)):
            self.unreadable += 1
            return None
        labels, problems = examine_labels(Path(image.label), self.classes, notes)
        if any(problem.is_error for problem in problems):
            self.unreadable += 1
            return None
        return _boxes(labels, self.classes)

    def _notes_of(self, folder: str) -> tuple[str, Notes | None]:
        if folder not in self._notes:
            path = notes_file(Path(folder))
            try:
                self._notes[folder] = (sha256(path) if path.exists() else "", read_notes(Path(folder)))
            except (OSError, InvalidDatasetDefinitionFile):
                self._notes[folder] = "unreadable", None
        return self._notes[folder]


def _boxes(labels: Labels, classes: Sequence[str]) -> list[tuple[str, tuple[float, ...]]]:
    rows = labels.rows
    return [
        (classes[int(rows[start])], tuple(round(side, 6) for side in rows[start + 1 : start + 5]))
        for start in range(0, len(rows), 5)
    ]


def _is_still(path: str, stamp: Stamp | None) -> bool:
    try:
        now = status(path)
        return stamp is None or now == stamp.status or (now[0] == stamp.size and sha256(Path(path)) == stamp.sha256)
    except OSError:
        return False


def is_run(path: Path) -> bool:
    """Whether this is a run directory, or the data.json.gz of one, and not a definition."""
    return path.is_dir() or path.name.endswith(".json.gz")


def read_versions(
    first: Path, second: Path, *, base: Path | None = None, memory: Path | None = None
) -> tuple[DataVersion, DataVersion, str]:
    """Both, and a sentence on how a definition was split, if one was; `base` is that of DatasetDefinition.from_yaml,
    and in the folder `memory` counts are remembered. A definition is split with the seed of the run that it is compared
    with. Raises RunError, InvalidDatasetDefinitionFile, MissingPath."""
    records = [_record(path) if is_run(path) else None for path in (first, second)]
    seed = next((known for path in (first, second) if is_run(path) and (known := _seed(path)) is not None), None)
    found = [
        _of_run(str(path), record) if record else _of_definition(path, base, memory, seed or 0)
        for path, record in zip((first, second), records, strict=True)
    ]
    told = ""
    if not all(records):
        why = "that of the run" if seed is not None else "the default"
        told = f"Definitions are split with the seed {seed or 0}, {why}"
    return found[0], found[1], told


def _file(path: Path) -> Path:
    return RunDirectory(path).data if path.is_dir() else path


def _record(path: Path) -> DataRecord:
    try:
        return DataRecord.read(_file(path))
    except FileNotFoundError as error:
        raise RunError(f"{path} does not say what it was trained on: there is no {_file(path)}") from error


def _seed(path: Path) -> int | None:
    try:
        return Manifest.read(RunDirectory(_file(path).parent).manifest).recipe.seed
    except (RunError, FileNotFoundError):
        return None


def _of_run(name: str, record: DataRecord) -> DataVersion:
    images = []
    for one in record.files:
        folders = record.folders[one.folder]
        label = f"{folders.labels}/{one.label}" if one.label else ""
        image = f"{folders.images}/{one.image}"
        images.append(VersionedImage(one.key, one.split, image, label, one.group, one.image_stamp, one.label_stamp))
    notes = {one.path: one.stamp.sha256 if one.stamp else "" for one in record.notes}
    return DataVersion(name, True, record.classes, images, notes)


def _of_definition(path: Path, base: Path | None, memory: Path | None, seed: int) -> DataVersion:
    definition = DatasetDefinition.from_yaml(path, base=base)
    splits = split(definition, seed=seed, memory=memory and memory / "counts")
    images = [
        VersionedImage(one.key, part, one.image_file, one.label_file or "", one.group)
        for part, samples in splits.items()
        for one in samples
    ]
    return DataVersion(str(path), False, definition.classes, images)


class Digests:
    """What files hold, read only where size and identity do not tell already."""

    def __init__(self, memory: Path | None, tell: Callable[[str, int, int], None]) -> None:
        self._memory = memory
        self._tell = tell
        self._known: dict[str, str] = {}

    def differ(self, pairs: Iterable[tuple[str, Stamp | None, str, Stamp | None]], what: str) -> list[bool]:
        """Of each pair of files, each as its stamp has it or as it is now, whether they differ. A file that is not
        there differs from any other."""
        pairs = [*pairs]
        found: list[bool | None] = [self._at_once(*pair) for pair in pairs]
        open_ones = [pair for pair, one in zip(pairs, found, strict=True) if one is None]
        self.read(
            [
                path
                for one, stamp, other, its in open_ones
                for path, its_own in ((one, stamp), (other, its))
                if its_own is None
            ],
            what,
        )
        return [
            one if one is not None else self._of(pair[0], pair[1]) != self._of(pair[2], pair[3])
            for pair, one in zip(pairs, found, strict=True)
        ]

    def read(self, paths: Iterable[str], what: str) -> None:
        """Digest these, so that `of` knows them."""
        wanted = [path for path in dict.fromkeys(paths) if path not in self._known and os.path.isfile(path)]
        if wanted:
            tell = self._tell
            total = len(wanted)
            memory = self._memory and self._memory / "digests"
            found = stamps(wanted, memory, lambda done: tell(what, done, total))
            self._known |= {path: one.sha256 for path, one in zip(wanted, found, strict=True)}

    def of(self, path: str, stamp: Stamp | None) -> str:
        """Empty for a file that is not there, or was not read."""
        return stamp.sha256 if stamp else self._known.get(path, "")

    def _of(self, path: str, stamp: Stamp | None) -> str:
        return self.of(path, stamp) or hashlib.sha256(path.encode()).hexdigest()

    def _at_once(self, one: str, stamp: Stamp | None, other: str, its: Stamp | None) -> bool | None:
        """None where the content has to be compared."""
        if stamp and its:
            return stamp.sha256 != its.sha256
        if not stamp and not its and one == other:
            return False
        first, second = stamp.status if stamp else _status(one), its.status if its else _status(other)
        if first is None or second is None:
            return True
        if first == second and first[3] and second[3]:
            return False
        return True if first[0] != second[0] else None


def _status(path: str) -> Status | None:
    try:
        return status(path)
    except OSError:
        return None
