"""data.json.gz: what a run trains on, so that later edits of a definition or an image are noticed."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, cast

from pydantic import ConfigDict

from yogo.definition.balance import GroupBalance
from yogo.definition.folder_pair import FolderPair
from yogo.definition.identity import Status, status
from yogo.definition.labels import notes_file
from yogo.definition.model import DatasetDefinition
from yogo.definition.problem import Problem
from yogo.definition.roles import SampleFacts
from yogo.definition.split import Sample, Splits
from yogo.definition.stamps import AT_A_TIME, Stamp, stamps
from yogo.definition.thumbnails import Thumbnail, num_made
from yogo.files.foreign import no_file
from yogo.run.correction import AssayRoles
from yogo.run.record import Part, Record
from yogo.run.result import sha256

MOST_PROBLEMS = 20

PartName = Literal["train", "val", "test"]


class Folders(Part):
    label: str
    images: str
    labels: str
    sample: str = ""
    target_per_microlitre: float | None = None
    """Of the sample; None where it is not known, and in records of an older yogo."""

    @property
    def facts(self) -> SampleFacts:
        return SampleFacts(self.sample, self.target_per_microlitre)


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One image. The folders are kept as numbers, as there are many images and few folders."""

    __pydantic_config__: ClassVar = ConfigDict(extra="ignore")
    """Keys that a newer yogo adds are ignored: a record is written only once, so nothing is lost."""

    split: PartName
    folder: int
    key: str
    image: str
    image_stamp: Stamp
    label: str | None = None
    label_stamp: Stamp | None = None
    group: str = ""
    """What no split may part it from; empty if it has none, and in records of an older yogo."""


class ThumbnailFolder(Part):
    class_name: str
    folder: str


class ThumbnailEntry(Part):
    """One thumbnail that frames were composed of."""

    folder: int
    name: str
    stamp: Stamp


class NotesEntry(Part):
    """The notes.json beside a label folder, which says what its labels mean."""

    path: str
    stamp: Stamp | None = None
    """None: there was no such file, and classes were numbers."""


class DataRecord(Record):
    definition: str
    """Absolute path of the dataset definition."""

    classes: tuple[str, ...]
    folders: tuple[Folders, ...]
    files: tuple[FileRecord, ...]
    """In the order of the splits."""

    balance: GroupBalance | None = None
    """How well groups could be spread over the splits; None if there were none."""

    num_unlabelled: int = 0
    num_made: int = 0
    """Number of frames composed of thumbnails that were also trained on."""

    thumbnail_folders: tuple[ThumbnailFolder, ...] = ()
    thumbnails: tuple[ThumbnailEntry, ...] = ()
    """In the order in which they were drawn."""

    notes: tuple[NotesEntry, ...] = ()
    roles: AssayRoles | None = None

    @classmethod
    def build(
        cls,
        definition: DatasetDefinition,
        splits: Splits,
        progress: Callable[[int], None] | None = None,
        thumbnails: Sequence[Thumbnail] = (),
        memory: Path | None = None,
    ) -> DataRecord:
        """Read every file once for its digest; `progress` receives how many images are done.

        `memory` is a folder that keeps the digests: an unchanged file is not read again.
        Raises InvalidDatasetDefinitionFile or MissingPath for a file that cannot be read."""
        numbers = _numbers(definition.all_dataset_paths)
        work = [(part, sample) for part, samples in splits.items() for sample in samples]
        labels = [one.label_file for _, one in work if one.label_file is not None]
        notes = dict.fromkeys(str(notes_file(pair.labels)) for pair in definition.all_dataset_paths)
        there = list(filter(os.path.exists, notes))
        paths = [*(sample.image_file for _, sample in work), *labels, *there, *(str(one.path) for one in thumbnails)]
        tell = (lambda done: progress(done * len(work) // len(paths))) if progress else None
        found = iter(stamps(paths, memory, tell))
        of_images = [next(found) for _ in work]
        files = tuple(
            _entry(part, sample, numbers, image, next(found) if sample.label_file else None)
            for (part, sample), image in zip(work, of_images, strict=True)
        )
        of_notes = {file: next(found) for file in there}
        origins, made_of = _thumbnails(definition.classes, thumbnails, found)
        return cls(
            definition=str(definition.path),
            classes=definition.classes,
            folders=tuple(map(_folders, definition.all_dataset_paths)),
            files=files,
            balance=splits.balance,
            num_unlabelled=splits.num_unlabelled,
            num_made=num_made(len(splits.train)) if thumbnails else 0,
            thumbnail_folders=origins,
            thumbnails=made_of,
            notes=tuple(NotesEntry(path=file, stamp=of_notes.get(file)) for file in notes),
            roles=definition.roles,
        )

    def splits(self) -> Splits:
        """The splits that this was built from, the same samples in the same order."""
        parts: dict[PartName, list[Sample]] = {"train": [], "val": [], "test": []}
        for entry in self.files:
            parts[entry.split].append(self._sample(entry))
        train, val, test = map(tuple, parts.values())
        return Splits(train, val, test, self.num_unlabelled, balance=self.balance)

    def seen(self) -> dict[str, Status]:
        """The identity of every file, by its path."""
        return {path: stamp.status for path, stamp in self._stamped()}

    def made_of(self) -> tuple[Thumbnail, ...]:
        """The thumbnails that this was built with, in the same order."""
        return tuple(Thumbnail(path, self.classes.index(name)) for path, name, _ in self._thumbnails())

    def _thumbnails(self) -> Iterator[tuple[Path, str, Stamp]]:
        for entry in self.thumbnails:
            folder = self.thumbnail_folders[entry.folder]
            yield Path(folder.folder, entry.name), folder.class_name, entry.stamp

    def verify(self) -> list[Problem]:
        """What has changed; content is compared if a file's status differs."""
        found: list[Problem] = []
        for problem in self._differences():
            if len(found) == MOST_PROBLEMS:
                return [*found, Problem("error", "More files have changed; these are the first of them")]
            found.append(problem)
        return found

    def _sample(self, entry: FileRecord) -> Sample:
        folders = self.folders[entry.folder]
        label = None if entry.label is None else f"{folders.labels}/{entry.label}"
        return Sample(f"{folders.images}/{entry.image}", label, entry.key, entry.group, folders.facts)

    def _differences(self) -> Iterator[Problem]:
        for path, what in _changes(self._stamped()):
            yield Problem("error", what, Path(path), missing=not os.path.isfile(path))
        for notes in self.notes:
            if notes.stamp is None and os.path.exists(notes.path):
                yield Problem(
                    "error",
                    "This file was added since the run began, and it changes what the labels mean",
                    Path(notes.path),
                )

    def _stamped(self) -> Iterator[tuple[str, Stamp]]:
        """Every file that was trained, validated or tested on, and what says how to read it."""
        for entry in self.files:
            folders = self.folders[entry.folder]
            yield f"{folders.images}/{entry.image}", entry.image_stamp
            if entry.label is not None and entry.label_stamp is not None:
                yield f"{folders.labels}/{entry.label}", entry.label_stamp
        for path, _, stamp in self._thumbnails():
            yield str(path), stamp
        for notes in self.notes:
            if notes.stamp is not None:
                yield notes.path, notes.stamp


def _changes(stamped: Iterable[tuple[str, Stamp]]) -> Iterator[tuple[str, str]]:
    """The files that changed, and how, in order. If a data set was copied, threads read all of its files."""
    left = iter(stamped)
    with ThreadPoolExecutor(min(16, (os.cpu_count() or 1) * 2)) as pool:
        while part := list(itertools.islice(left, AT_A_TIME)):
            statuses = [_status(path) for path, _ in part]
            doubted = [
                (path, stamp, now) for (path, stamp), now in zip(part, statuses, strict=True) if now != stamp.status
            ]
            told = pool.map(lambda one: _change(*one), doubted)
            yield from ((path, what) for (path, *_), what in zip(doubted, told, strict=True) if what)


def _status(path: str) -> Status | OSError:
    try:
        return status(path)
    except OSError as error:
        return error


def _change(path: str, stamp: Stamp, now: Status | OSError) -> str:
    try:
        if isinstance(now, OSError):
            raise now
        if what := no_file(os.stat(path)):
            return f"This file was removed since the run began: this is {what}"
        if now[0] == stamp.size and sha256(Path(path)) == stamp.sha256:
            return ""
    except FileNotFoundError:
        return "This file was removed since the run began"
    except OSError as error:
        return f"This file, which the run began with, cannot be read: {error.strerror}"
    return "This file changed since the run began"


def _folders(pair: FolderPair) -> Folders:
    facts = {"sample": pair.sample.name, "target_per_microlitre": pair.sample.target_per_microlitre}
    return Folders(label=pair.label, images=str(pair.images), labels=str(pair.labels), **facts)


def _thumbnails(
    classes: Sequence[str], thumbnails: Sequence[Thumbnail], found: Iterable[Stamp]
) -> tuple[tuple[ThumbnailFolder, ...], tuple[ThumbnailEntry, ...]]:
    origins = [(classes[one.class_index], str(one.path.parent)) for one in thumbnails]
    places = {origin: place for place, origin in enumerate(dict.fromkeys(origins))}
    folders = tuple(ThumbnailFolder(class_name=name, folder=folder) for name, folder in places)
    entries = tuple(
        ThumbnailEntry(folder=places[origin], name=one.path.name, stamp=stamp)
        for one, origin, stamp in zip(thumbnails, origins, found, strict=True)
    )
    return folders, entries


def _entry(
    part: str, sample: Sample, numbers: dict[tuple[str, str], int], image: Stamp, label: Stamp | None
) -> FileRecord:
    images, _, name = sample.image_file.rpartition("/")
    labels, _, text = (sample.label_file or "").rpartition("/")
    # By place, which is sooner, and there are many.
    number = numbers[images, labels]
    return FileRecord(cast("PartName", part), number, sample.key, name, image, text or None, label, sample.group)


def _numbers(pairs: Sequence[FolderPair]) -> dict[tuple[str, str], int]:
    """Folders of images and labels to the pair's number; without labels, the first such pair's."""
    numbers: dict[tuple[str, str], int] = {}
    for number, pair in enumerate(pairs):
        numbers[str(pair.images), str(pair.labels)] = number
        numbers.setdefault((str(pair.images), ""), number)
    return numbers
