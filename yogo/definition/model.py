"""A resolved dataset definition: classes, folder pairs, and how the images are split."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

from yogo.definition import source
from yogo.definition.folder_pair import FolderPair
from yogo.definition.fractions import ALL_TRAIN, SplitFractions
from yogo.definition.problem import InvalidDatasetDefinitionFile, Problem, complaint
from yogo.definition.tree import Node
from yogo.definition.walk import Branch, Walk
from yogo.files.foreign import leads_nowhere
from yogo.files.places import because
from yogo.run.correction import AssayRoles


@dataclass(frozen=True, slots=True, eq=False)
class DatasetDefinition:
    """What to train on. Two are equal if they name the same classes, folders and shares, wherever they are written."""

    path: Path
    classes: tuple[str, ...]
    dataset_paths: tuple[FolderPair, ...]
    """In the order of the files; these are split by `split_fractions`."""

    test_dataset_paths: tuple[FolderPair, ...] = ()
    """Test images, all of them."""

    split_fractions: SplitFractions = ALL_TRAIN
    thumbnail_augmentation: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    """Class to the folders of its thumbnails."""

    shared_groups: tuple[str, ...] = ()
    """Groups that may be in training and in test."""

    roles: AssayRoles | None = None
    """Which classes are counted as a cell and which are looked for."""

    warnings: tuple[Problem, ...] = ()
    """Warnings about the files, such as an unknown key."""

    @classmethod
    def from_yaml(cls, path: str | Path, *, base: Path | None = None) -> DatasetDefinition:
        """The definition in a file, and in those that it names. Folders that are not beside their file are looked for
        below `base`, by default the working directory. Raises InvalidDatasetDefinitionFile, MissingPath."""
        definition, problems, _ = resolve(Path(path), base)
        if any(problem.is_error for problem in problems):
            raise complaint(problems, f"`yogo check {path}`{f' in {base}' if base else ''} lists all")
        assert definition is not None  # there is one wherever no error was found
        return definition

    @property
    def all_dataset_paths(self) -> tuple[FolderPair, ...]:
        return self.dataset_paths + self.test_dataset_paths

    @property
    def sha256(self) -> str:
        """Digest of all that it says, in its order: any edit changes it, except of comments and layout."""
        said = (
            self.classes,
            [
                [(pair.label, *map(str, pair.folders)) for pair in pairs]
                for pairs in (self.dataset_paths, self.test_dataset_paths)
            ],
            self.split_fractions.items(),
            [(name, *map(str, folders)) for name, folders in self.thumbnail_augmentation.items()],
            # Only where there are groups or samples: a definition without any has the digest that it always had.
            *([self._groups()] if any(self._groups()) else []),
            *([self._samples()] if any(self._samples()) else []),
        )
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()

    @property
    def has_groups(self) -> bool:
        return any(pair.grouping for pair in self.all_dataset_paths)

    def _groups(self) -> tuple[Any, ...]:
        rules = [(str(pair.images), pair.grouping.name, pair.grouping.pattern) for pair in self.all_dataset_paths]
        return rules if self.has_groups else [], sorted(self.shared_groups)

    def _samples(self) -> tuple[Any, ...]:
        told = [(str(one.images), *astuple(one.sample)) for one in self.all_dataset_paths if one.sample]
        roles = self.roles.model_dump(exclude_none=True) if self.roles else {}
        return list(roles.values()), told

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
        return self.classes, *pairs, self.split_fractions, thumbnails, frozenset(self.shared_groups), self.roles

    def __eq__(self, other: object) -> bool:
        return self._identity() == other._identity() if isinstance(other, DatasetDefinition) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity())

    def __add__(self, other: DatasetDefinition) -> DatasetDefinition:
        """Both definitions joined, without duplicates. Raises InvalidDatasetDefinitionFile if they disagree."""
        if not isinstance(other, DatasetDefinition):
            return NotImplemented
        if self.classes != other.classes:
            raise self._cannot_join(other, f"their classes differ ({list(self.classes)} and {list(other.classes)})")
        if self.split_fractions != other.split_fractions:
            raise self._cannot_join(other, "their split fractions differ")
        if None not in (self.roles, other.roles) and self.roles != other.roles:
            raise self._cannot_join(other, "their roles differ")
        data = _pairs(self.dataset_paths, other.dataset_paths)
        test = _pairs(self.test_dataset_paths, other.test_dataset_paths)
        for pair in test:
            if any(pair.folders == one.folders for one in data):
                raise self._cannot_join(other, f"{pair.images} would be both training and test data")
        thumbnails = dict(self.thumbnail_augmentation)
        for name, folders in other.thumbnail_augmentation.items():
            thumbnails[name] = tuple(dict.fromkeys(thumbnails.get(name, ()) + folders))
        return DatasetDefinition(
            self.path,
            self.classes,
            data,
            test,
            self.split_fractions,
            thumbnails,
            tuple(dict.fromkeys(self.shared_groups + other.shared_groups)),
            self.roles or other.roles,
            tuple(dict.fromkeys(self.warnings + other.warnings)),
        )

    def _cannot_join(self, other: DatasetDefinition, why: str) -> InvalidDatasetDefinitionFile:
        return InvalidDatasetDefinitionFile(f"{self.path} and {other.path} cannot be joined: {why}")


def _pairs(one: tuple[FolderPair, ...], other: tuple[FolderPair, ...]) -> tuple[FolderPair, ...]:
    """Both, in order; the same folders under another label are the same data."""
    found: dict[tuple[Path, Path], FolderPair] = {}
    for pair in one + other:
        found.setdefault(pair.folders, pair)
    return tuple(found.values())


def resolve(path: Path, base: Path | None = None) -> tuple[DatasetDefinition | None, list[Problem], list[Node]]:
    """The definition in `path`, every problem found, and the tree of what it names; no definition where it is none at
    all. Never raises."""
    if link := leads_nowhere(path):
        return None, [Problem("error", f"This is {link}", path, missing=True)], []
    try:
        absolute = path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        return None, [Problem("error", f"This path cannot be looked at: {because(error)}", path)], []
    walk = Walk(source.read(absolute), base or working_directory())
    walk.run()
    thumbnails: dict[str, list[Path]] = {}
    for name, named in walk.top.thumbnails:
        if (folder := walk.folder(walk.top, named)) and walk.holds_thumbnails(folder, named):
            thumbnails.setdefault(name, []).append(folder)
    if walk.known_without_roles:
        what = "target_per_microlitre is of no use without roles, which say what the targets are"
        walk.problems.append(Problem("warning", what, absolute))
    if walk.top.classes is None:
        return None, walk.problems, walk.tree
    definition = DatasetDefinition(
        path=absolute,
        classes=walk.top.classes,
        dataset_paths=tuple(walk.pairs[Branch.DATA]),
        test_dataset_paths=tuple(walk.pairs[Branch.TEST]),
        split_fractions=walk.top.split_fractions,
        thumbnail_augmentation={name: tuple(dict.fromkeys(folders)) for name, folders in thumbnails.items()},
        shared_groups=walk.top.shared_groups,
        roles=walk.top.roles,
        warnings=tuple(problem for problem in walk.problems if not problem.is_error),
    )
    return definition, walk.problems, walk.tree


def working_directory() -> Path | None:
    """None if it was deleted."""
    try:
        return Path.cwd()
    except OSError:
        return None
