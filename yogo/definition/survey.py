"""A summary of a definition: its problems, and the counts of its images and boxes."""

from __future__ import annotations

import hashlib
import statistics
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from yogo.definition.folders import Listing, listing
from yogo.definition.identity import Status, status
from yogo.definition.labels import Notes, examine_labels, notes_file, read_notes
from yogo.definition.model import DatasetDefinition, resolve
from yogo.definition.overlap import same_content
from yogo.definition.problem import InvalidDatasetDefinitionFile, Problem, listed
from yogo.definition.split import Sample, Splits, share_out
from yogo.text.wording import counted

Progress = Callable[[int], None]

Look = Callable[[Sequence[str]], Iterable[Problem]]
"""Looks into some images, and returns what is wrong or odd. The caller passes it in if it has a decoder."""


@dataclass(slots=True)
class DatasetSummary:
    """The counts of a definition. With errors among `problems` they cover what could be read."""

    classes: tuple[str, ...] = ()
    num_folders: int = 0
    """Folder pairs."""

    num_pictures: int = 0
    """Images with a label."""

    num_unlabelled: int = 0
    """Images without a label; they are left out."""

    unlabelled: list[str] = field(default_factory=list)
    """The folders that they are in."""

    num_empty: int = 0
    """Images whose label says that nothing is on them."""

    num_looked_into: int = 0
    """Images whose files were looked into; 0 if none were."""

    num_train: int = 0
    num_val: int = 0
    num_test: int = 0
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """Boxes: class to part (train, val, test) to number."""

    median_boxes: float = 0
    """Boxes per image."""

    max_boxes: int = 0
    num_dropped: int = 0
    """Boxes that were left out because they are too small."""

    problems: list[Problem] = field(default_factory=list)

    @property
    def num_boxes(self) -> int:
        return sum(sum(parts.values()) for parts in self.counts.values())

    @property
    def has_errors(self) -> bool:
        return any(problem.is_error for problem in self.problems)


def check(path: str | Path, *, base: Path | None = None) -> list[Problem]:
    """Every problem of a definition and of the folders that it names; no label or image is opened. Never raises.

    `base` here and below is that of `DatasetDefinition.from_yaml`.
    """
    return list(_look(Path(path), base)[2])


def state(path: str | Path, *, base: Path | None = None) -> str:
    """A digest of a definition, its folders and all files in use: while it is the same, so is the survey.

    Never raises. Files are not read; with many files it takes a second or more.
    """
    definition, listings, problems = _look(Path(path), base)
    found = hashlib.sha256(repr([definition and definition.sha256, *map(str, problems)]).encode(errors="replace"))
    for one in listings:
        found.update(
            f"{one.pair} {one.num_unlabelled} {_known(notes_file(one.pair.labels))}\n".encode(errors="replace")
        )
        for picture, label in one.names:
            known = _known(one.pair.images / picture), _known(one.pair.labels / label)
            found.update(f"{picture}\0{label}\0{known}\n".encode(errors="replace"))
    return found.hexdigest()


def _known(path: Path) -> Status | None:
    try:
        return status(str(path))
    except OSError:
        return None


def survey(
    path: str | Path, *, base: Path | None = None, progress: Progress | None = None, look: Look | None = None
) -> DatasetSummary:
    """Count a definition's images and boxes, and look into its images too if `look` is given.

    `progress` receives how many images were counted so far; what it raises ends the counting. Nothing
    else is raised: problems are in `DatasetSummary.problems`.
    """
    definition, listings, problems = _look(Path(path), base)
    found = DatasetSummary(problems=problems)
    if definition is None:
        return found
    num_data = len(definition.dataset_paths)
    splits = share_out(listings[:num_data], listings[num_data:], definition.split_fractions)
    found.classes = definition.classes
    found.num_folders = len(listings)
    found.num_pictures = sum(len(one.names) for one in listings)
    found.num_unlabelled = splits.num_unlabelled
    found.unlabelled = [f"{one.pair.images}/{name}" for one in listings for name in one.unlabelled]
    found.num_train, found.num_val, found.num_test = (len(part) for _, part in splits.items())
    _Counter(found, progress).count(splits)
    if look is not None:
        pictures = list(dict.fromkeys(sample.image_file for _, part in splits.items() for sample in part))
        found.problems += look(pictures)
        found.num_looked_into = len(pictures)
    found.problems += _overlaps(splits)
    return found


def _look(path: Path, base: Path | None) -> tuple[DatasetDefinition | None, list[Listing], list[Problem]]:
    definition, problems = resolve(path, base)
    if definition is None:
        return None, [], problems
    listings = [listing(pair, definition.classes) for pair in definition.all_dataset_paths]
    told = [*problems, *(problem for one in listings for problem in one.problems)]
    return definition, listings, list(dict.fromkeys(told))


class _Counter:
    def __init__(self, survey: DatasetSummary, progress: Progress | None) -> None:
        self.survey = survey
        self.progress = progress
        self.boxes = array("q")
        self.notes: dict[Path, Notes | None] = {}

    def count(self, splits: Splits) -> None:
        survey = self.survey
        survey.counts = {name: {"train": 0, "val": 0, "test": 0} for name in survey.classes}
        for part, samples in splits.items():
            totals = [0] * len(survey.classes)
            for sample in samples:
                self._count(sample, totals)
            for name, total in zip(survey.classes, totals, strict=True):
                survey.counts[name][part] = total
        if self.progress:
            self.progress(survey.num_pictures)
        if self.boxes:
            survey.median_boxes = statistics.median(self.boxes)
            survey.max_boxes = max(self.boxes)

    def _count(self, sample: Sample, totals: list[int]) -> None:
        if sample.label is None:
            return
        labels, told = examine_labels(sample.label, self.survey.classes, self._notes(sample.label.parent))
        self.survey.problems += told
        indices = labels.rows[::5].tolist()
        for index in range(len(totals)):
            totals[index] += indices.count(index)
        self.survey.num_dropped += labels.num_dropped
        self.survey.num_empty += not (labels.rows or told)
        self.boxes.append(len(labels))
        if self.progress and len(self.boxes) % 100 == 0:
            self.progress(len(self.boxes))

    def _notes(self, folder: Path) -> Notes | None:
        if folder not in self.notes:
            self.notes[folder] = None
            try:
                self.notes[folder] = read_notes(folder)
            except InvalidDatasetDefinitionFile as error:
                self.survey.problems.append(error.problem)
        return self.notes[folder]


def _overlaps(splits: Splits) -> Iterable[Problem]:
    same = splits.overlaps
    if same:
        names = listed([str(sample.image) for _, sample in same])
        yield Problem(
            "warning", f"{counted(len(same), 'image', 'is')} in train or validation and also in test: {names}"
        )
    known = {sample.key for _, sample in same}
    copies = [pair for pair in same_content(splits) if pair[1].key not in known]
    if copies:
        names = listed([f"{one.image} and {other.image}" for one, other in copies], 2)
        yield Problem(
            "warning", f"{counted(len(copies), 'image', 'is')} in test, copied from train or validation: {names}"
        )
