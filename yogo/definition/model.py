"""A dataset definition, resolved: classes, folder pairs, and how the pictures are shared out."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yogo.definition.problem import InvalidDatasetDefinitionFile, Problem, complaint
from yogo.errors import DefinitionError


@dataclass(frozen=True, slots=True)
class FolderPair:
    """A folder of pictures, and the folder of their labels; both absolute, links resolved."""

    label: str
    """What the definition calls it; free."""

    images: Path
    labels: Path

    @property
    def folders(self) -> tuple[Path, Path]:
        return self.images, self.labels

    @property
    def image_path(self) -> Path:
        """The same, under its published name."""
        return self.images

    @property
    def label_path(self) -> Path:
        """The same, under its published name."""
        return self.labels


@dataclass(frozen=True, slots=True)
class SplitFractions:
    """The shares of training, validation and test pictures; None, as published callers say it, is 0.

    Raises DefinitionError unless they sum to 1.
    """

    train: float
    val: float = 0.0
    test: float = 0.0

    def __post_init__(self) -> None:
        for name, share in self.items():
            if share is None:
                object.__setattr__(self, name, 0.0)
            elif isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
                raise DefinitionError(f"The split fraction {name} is {share}; it must be a number from 0 to 1")
        if not math.isclose(total := self.train + self.val + self.test, 1, abs_tol=1e-6):
            raise DefinitionError(
                f"The split fractions sum to {total:g} (train, val and test together); they must sum to 1"
            )

    def items(self) -> tuple[tuple[str, float], ...]:
        return ("train", self.train), ("val", self.val), ("test", self.test)


ALL_TRAIN = SplitFractions(1.0)


@dataclass(frozen=True, slots=True, eq=False)
class DatasetDefinition:
    """What to train on. Two are equal if they name the same classes, folders and shares, wherever they are written."""

    path: Path
    classes: tuple[str, ...]
    dataset_paths: tuple[FolderPair, ...]
    """In the order of the files; these are shared out by `split_fractions`."""

    test_dataset_paths: tuple[FolderPair, ...] = ()
    """Test pictures, all of them."""

    split_fractions: SplitFractions = ALL_TRAIN
    thumbnail_augmentation: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    """Class to the folders of its thumbnails."""

    warnings: tuple[Problem, ...] = ()
    """What is odd about the files and no error, such as a key that is not known."""

    @classmethod
    def from_yaml(cls, path: str | Path) -> DatasetDefinition:
        """The definition in a file, and in those that it names. Raises InvalidDatasetDefinitionFile, MissingPath."""
        from yogo.definition.resolve import resolve

        definition, problems = resolve(Path(path))
        if any(problem.is_error for problem in problems):
            raise complaint(problems, f"`yogo check {path}` lists all")
        assert definition is not None  # there is one wherever no error was found
        return definition

    @property
    def all_dataset_paths(self) -> tuple[FolderPair, ...]:
        return self.dataset_paths + self.test_dataset_paths

    @property
    def sha256(self) -> str:
        """Of all that it says, in its order: another one after any edit but of comments and layout."""
        said = (
            self.classes,
            [
                [(pair.label, *map(str, pair.folders)) for pair in pairs]
                for pairs in (self.dataset_paths, self.test_dataset_paths)
            ],
            self.split_fractions.items(),
            [(name, *map(str, folders)) for name, folders in self.thumbnail_augmentation.items()],
        )
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()

    @property
    def _dataset_paths(self) -> set[FolderPair]:
        """As callers of published yogo know them."""
        return set(self.dataset_paths)

    @property
    def _test_dataset_paths(self) -> set[FolderPair]:
        """As callers of published yogo know them."""
        return set(self.test_dataset_paths)

    def _identity(self) -> tuple[Any, ...]:
        thumbnails = frozenset((name, frozenset(folders)) for name, folders in self.thumbnail_augmentation.items())
        pairs = frozenset(self.dataset_paths), frozenset(self.test_dataset_paths)
        return self.classes, *pairs, self.split_fractions, thumbnails

    def __eq__(self, other: object) -> bool:
        return self._identity() == other._identity() if isinstance(other, DatasetDefinition) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity())

    def __add__(self, other: DatasetDefinition) -> DatasetDefinition:
        """Both together, what they share once. Raises InvalidDatasetDefinitionFile where they disagree."""
        if not isinstance(other, DatasetDefinition):
            return NotImplemented
        if self.classes != other.classes:
            raise self._cannot_join(other, f"their classes differ ({list(self.classes)} and {list(other.classes)})")
        if self.split_fractions != other.split_fractions:
            raise self._cannot_join(other, "their split fractions differ")
        data = _pairs(self.dataset_paths, other.dataset_paths)
        test = _pairs(self.test_dataset_paths, other.test_dataset_paths)
        for pair in test:
            if any(pair.folders == one.folders for one in data):
                raise self._cannot_join(other, f"{pair.images} would be both training and test data")
        thumbnails = dict(self.thumbnail_augmentation)
        for name, folders in other.thumbnail_augmentation.items():
            thumbnails[name] = tuple(dict.fromkeys(thumbnails.get(name, ()) + folders))
        warnings = tuple(dict.fromkeys(self.warnings + other.warnings))
        return DatasetDefinition(self.path, self.classes, data, test, self.split_fractions, thumbnails, warnings)

    def _cannot_join(self, other: DatasetDefinition, why: str) -> InvalidDatasetDefinitionFile:
        return InvalidDatasetDefinitionFile(f"{self.path} and {other.path} cannot be joined: {why}")


def _pairs(one: tuple[FolderPair, ...], other: tuple[FolderPair, ...]) -> tuple[FolderPair, ...]:
    """Both, in order; the same folders under another label are the same data."""
    found: dict[tuple[Path, Path], FolderPair] = {}
    for pair in one + other:
        found.setdefault(pair.folders, pair)
    return tuple(found.values())
