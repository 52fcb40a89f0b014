"""A summary of a definition: its problems, and the counts of its images and boxes."""

from __future__ import annotations

import copy
import statistics
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from yogo.definition.balance import GroupBalance
from yogo.definition.folder_count import FileCount, FolderCounter
from yogo.definition.folders import Listing, listing
from yogo.definition.grouping import group_problems
from yogo.definition.histogram import Histogram, histogram
from yogo.definition.model import DatasetDefinition, resolve
from yogo.definition.overlap import same_content
from yogo.definition.problem import Problem, listed
from yogo.definition.samples_file import SamplesFile
from yogo.definition.split import Splits, share_out
from yogo.definition.tree import Node, add_up, pairs_of
from yogo.run.correction import AssayRoles
from yogo.text.wording import counted

Progress = Callable[[int], None]

Look = Callable[[Sequence[str]], Iterable[Problem]]
"""Looks into some images, and returns what is wrong or odd. The caller passes it in if it has a decoder."""

PARTIAL_SECONDS = 0.3
"""How often a summary that is not complete yet is handed out."""


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

    num_read: int = 0
    """Images whose labels were read. Fewer than there are while it counts."""

    num_looked_into: int = 0
    """Images whose files were looked into; 0 if none were."""

    groups: GroupBalance | None = None
    """How well groups of images could be spread over the splits; None if there are none."""

    roles: AssayRoles | None = None
    num_samples: int = 0
    """Samples that folder pairs are named as."""

    samples_file: SamplesFile | None = None
    """Where it is no definition, but a file of samples, whose images have no labels."""

    num_train: int = 0
    num_val: int = 0
    num_test: int = 0
    fractions: dict[str, float] = field(default_factory=dict)
    """The split: part to share of the images that are not under test_paths."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """Boxes: class to part (train, val, test) to number."""

    median_boxes: float = 0
    """Boxes per image."""

    max_boxes: int = 0
    num_dropped: int = 0
    """Boxes that were left out because they are too small."""

    image_sizes: list[tuple[int, int, int]] = field(default_factory=list)
    """Width, height and number of images, the most frequent first; empty if none were looked into."""

    box_sizes: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Class to the medians of its boxes' widths and heights, in pixels of their images."""

    histograms: list[Histogram] = field(default_factory=list)
    """Cells per image; if images were looked into, sizes and shapes of boxes; if some were decoded, brightness."""

    tree: list[Node] = field(default_factory=list)
    """What the definition names, each with its counts."""

    problems: list[Problem] = field(default_factory=list)
    is_whole: bool = True
    """Whether everything was read that was to be; not while it counts."""

    @property
    def num_boxes(self) -> int:
        return sum(sum(parts.values()) for parts in self.counts.values())

    @property
    def has_errors(self) -> bool:
        return any(problem.is_error for problem in self.problems)


@dataclass(frozen=True, slots=True)
class FolderBoxes:
    """The boxes of a folder pair, image after image."""

    folder: str
    """Of the images."""

    pictures: Sequence[str]
    num_boxes: array[int]
    """Of each image."""

    boxes: array[int]
    """See FileCount."""


Measure = Callable[[DatasetSummary, Sequence[FolderBoxes]], None]
"""Completes a summary from the boxes, once the images were looked into."""


def check(path: str | Path, *, base: Path | None = None) -> list[Problem]:
    """Every problem of a definition and of the folders that it names; no label or image is opened. Never raises.

    `base` here and below is that of `DatasetDefinition.from_yaml`.
    """
    definition, problems, _ = resolve(Path(path), base)
    return _listed(definition, problems)[1]


def survey(
    path: str | Path,
    *,
    base: Path | None = None,
    progress: Progress | None = None,
    look: Look | None = None,
    measure: Measure | None = None,
    memory: Path | None = None,
    partial: Callable[[DatasetSummary], None] | None = None,
) -> DatasetSummary:
    """Count a definition's images and boxes, and look into its images too if `look` is given.

    `progress` receives how many images were counted so far; what it raises ends the counting. Nothing
    else is raised: problems are in `DatasetSummary.problems`. What is counted is remembered in the folder `memory`.
    `partial` receives what is known so far, a few times a second.
    """
    tell = progress or (lambda _: None)
    definition, problems, tree = resolve(Path(path), base)
    listings, problems = _listed(definition, problems, tell)
    found = DatasetSummary(problems=problems, tree=tree)
    if definition is None:
        return found
    num_data = len(definition.dataset_paths)
    counter = FolderCounter(definition.classes, memory)
    data, test = listings[:num_data], listings[num_data:]
    splits = share_out(data, test, definition.split_fractions, counter=counter, tell=_summing(tell))
    _describe_whole(found, definition, listings, splits)
    counting = _Counting(found, tell, partial or (lambda _: None))
    counting.count(listings, splits, counter)
    if look is not None:
        pictures = list(dict.fromkeys(sample.image_file for _, part in splits.items() for sample in part))
        found.problems += look(pictures)
        found.num_looked_into = len(pictures)
        if measure is not None:
            measure(found, counting.folders)
    found.problems += _overlaps(splits)
    return found


def _listed(
    definition: DatasetDefinition | None, problems: list[Problem], tell: Progress = lambda _: None
) -> tuple[list[Listing], list[Problem]]:
    """The folders of a definition, and all problems, each once."""
    listings = []
    for pair in definition.all_dataset_paths if definition else ():
        listings.append(listing(pair, definition.classes if definition else None))
        tell(0)
    told = [*problems, *(problem for one in listings for problem in one.problems)]
    if definition and definition.has_groups:
        num_data = len(definition.dataset_paths)
        told += group_problems(listings[:num_data], listings[num_data:], definition.shared_groups, definition.path)
    return listings, list(dict.fromkeys(told))


def _summing(tell: Progress) -> Progress:
    """Receives how many more are done, and tells how many are."""
    done = 0

    def more(number: int) -> None:
        nonlocal done
        done += number
        tell(done)

    return more


class _Counting:
    def __init__(self, survey: DatasetSummary, progress: Progress, partial: Callable[[DatasetSummary], None]) -> None:
        self.survey = survey
        self.progress = progress
        self.partial = partial
        self.told_at = 0.0
        self.cells: Counter[int] = Counter()
        """Images by their number of boxes."""

        self.folders: list[FolderBoxes] = []

    def count(self, listings: Sequence[Listing], splits: Splits, counter: FolderCounter) -> None:
        survey = self.survey
        survey.counts = {name: {"train": 0, "val": 0, "test": 0} for name in survey.classes}
        part_of = {
            (sample.image_file, sample.label_file): part for part, samples in splits.items() for sample in samples
        }
        nodes = {node.key: node for node in pairs_of(survey.tree) if not node.is_broken}
        for one in listings:
            node = nodes[one.pair.folders]
            _describe(node, one, part_of)
        self._hand_out(0)
        for one in listings:
            node = nodes[one.pair.folders]
            counts = counter.count(one.pair.labels, [label for _, label in one.names], self._tell)
            self._add(node, one, counts, part_of)
            self._hand_out(PARTIAL_SECONDS)
        survey.problems += counter.problems
        self.progress(survey.num_pictures)
        self._sum_up()

    def _tell(self, num: int) -> None:
        self.survey.num_read += num
        self.progress(self.survey.num_read)

    def _add(
        self, node: Node, one: Listing, counts: Mapping[str, FileCount], part_of: Mapping[tuple[str, str | None], str]
    ) -> None:
        survey, num_classes = self.survey, len(self.survey.classes)
        totals = {part: [0] * num_classes for part in ("train", "val", "test")}
        images, labels = str(one.pair.images), str(one.pair.labels)
        num_boxes, boxes = array("l"), array("H")
        for picture, label in one.names:
            file = counts[label]
            in_part, indices = totals[part_of[f"{images}/{picture}", f"{labels}/{label}"]], file.boxes[::3]
            for index in range(num_classes):
                in_part[index] += indices.count(index)
            survey.problems += file.problems
            survey.num_dropped += file.num_dropped
            survey.num_empty += file.is_empty
            num_boxes.append(len(file))
            boxes.extend(file.boxes)
            node.is_broken |= any(problem.is_error for problem in file.problems)
        for part, numbers in totals.items():
            for name, number in zip(survey.classes, numbers, strict=True):
                survey.counts[name][part] += number
        self.cells.update(num_boxes)
        node.num_read, node.num_boxes = len(one.names), sum(num_boxes)
        self.folders.append(FolderBoxes(images, [picture for picture, _ in one.names], num_boxes, boxes))

    def _hand_out(self, seconds: float) -> None:
        if time.monotonic() - self.told_at < seconds:
            return
        self._sum_up()
        self.partial(snapshot(self.survey))
        self.told_at = time.monotonic()

    def _sum_up(self) -> None:
        survey = self.survey
        add_up(survey.tree)
        if self.cells:
            survey.median_boxes = statistics.median(sorted(self.cells.elements()))
            survey.max_boxes = max(self.cells)
            told = histogram("cells per image", self.cells)
            survey.histograms = [told] if told else []


def snapshot(survey: DatasetSummary) -> DatasetSummary:
    """A copy that stays as it is while the counting goes on."""
    counts = {name: dict(parts) for name, parts in survey.counts.items()}
    tree, problems = copy.deepcopy(survey.tree), list(survey.problems)
    return replace(survey, counts=counts, tree=tree, problems=problems, is_whole=False)


def _describe_whole(
    found: DatasetSummary, definition: DatasetDefinition, listings: Sequence[Listing], splits: Splits
) -> None:
    """What is known of a definition before its labels are read."""
    found.classes = definition.classes
    found.num_folders = len(listings)
    found.num_pictures = sum(len(one.names) for one in listings)
    found.num_unlabelled = splits.num_unlabelled
    found.unlabelled = [f"{one.pair.images}/{name}" for one in listings for name in one.unlabelled]
    found.roles = definition.roles
    found.num_samples = len({one.sample.name for one in definition.all_dataset_paths if one.sample.name})
    found.groups = splits.balance
    found.fractions = dict(definition.split_fractions.items())
    found.num_train, found.num_val, found.num_test = (len(part) for _, part in splits.items())


def _describe(node: Node, one: Listing, part_of: Mapping[tuple[str, str | None], str]) -> None:
    """What is known of a folder pair before its labels are read."""
    images, labels = str(one.pair.images), str(one.pair.labels)
    node.num_pictures, node.num_unlabelled = len(one.names), one.num_unlabelled
    node.splits |= Counter(part_of[f"{images}/{picture}", f"{labels}/{label}"] for picture, label in one.names)
    node.is_broken |= any(problem.is_error for problem in one.problems)


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
