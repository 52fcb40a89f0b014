"""One definition file as written: its keys and values are checked, the files that it names are not looked at yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from yogo.definition.document_reader import DocumentReader, Named
from yogo.definition.fractions import ALL_TRAIN, SplitFractions
from yogo.definition.group_reader import FOLDER_KEYS, GroupReader
from yogo.definition.group_rule import NO_GROUPS, GroupRule
from yogo.definition.problem import Problem
from yogo.definition.role_reader import RoleReader
from yogo.definition.roles import NO_SAMPLE, SampleFacts
from yogo.errors import DefinitionError
from yogo.run.correction import AssayRoles
from yogo.text.wording import shown

GROUP_KEYS = ("group_pattern", "folders", "shared_groups", "roles")
"""At the top of the file, since published yogo refuses a folder pair with a third key."""

KEYS = (
    "class_names",
    "dataset_paths",
    "test_paths",
    "dataset_split_fractions",
    "thumbnail_augmentation",
    *GROUP_KEYS,
)
_PATH_KEYS = ("image_path", "label_path", "defn_path")
_ENTRY_KEYS = (*_PATH_KEYS, *FOLDER_KEYS)


@dataclass(frozen=True, slots=True)
class PairEntry:
    label: str
    images: Named
    labels: Named
    grouping: GroupRule = NO_GROUPS
    sample: SampleFacts = NO_SAMPLE

    @property
    def line(self) -> int:
        return self.images.line


@dataclass(frozen=True, slots=True)
class DefinitionEntry:
    label: str
    definition: Named
    grouping: GroupRule = NO_GROUPS
    """Of all that the definition names, but for what it says itself."""

    @property
    def line(self) -> int:
        return self.definition.line


Entry = PairEntry | DefinitionEntry


@dataclass(slots=True)
class Source:
    """A parsed definition file. Parts that could not be understood are reported in `problems` and left out."""

    path: Path
    problems: list[Problem] = field(default_factory=list)
    readable: bool = False
    classes: tuple[str, ...] | None = None
    data: tuple[Entry, ...] = ()
    test: tuple[Entry, ...] = ()
    has_test: bool = False
    split_fractions: SplitFractions = ALL_TRAIN
    thumbnails: tuple[tuple[str, Named], ...] = ()
    grouping: GroupRule = NO_GROUPS
    """Of all folder pairs that say nothing else."""

    shared_groups: tuple[str, ...] = ()
    """Groups that may be in training and in test."""

    roles: AssayRoles | None = None


def read(path: Path) -> Source:
    """Parse the definition in `path`, which is absolute. Never raises: see `Source.problems`."""
    return _SourceReader(path).read()


class _SourceReader(DocumentReader):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.source = Source(path, self.problems)
        self._grouping = GroupReader(self.say, self.unknown, {})

    def read(self) -> Source:
        data = self.load()
        if self.problems:
            return self.source
        if not isinstance(data, dict):
            self.say(f"A definition is a map that begins with class_names; this is {shown(data)}")
            return self.source
        self.source.readable = True
        self.unknown(data, KEYS)
        self.source.classes = self._classes(data)
        self._grouping = GroupReader(self.say, self.unknown, data)
        self.source.grouping, self.source.shared_groups = self._grouping.whole, self._grouping.shared
        self.source.roles = RoleReader(self.say, self.unknown, self.source.classes).read(data)
        if "dataset_paths" in data:
            self.source.data = tuple(self._entries(data["dataset_paths"], "dataset_paths"))
        else:
            self.say("dataset_paths is missing: it names the folders of images and labels")
        self.source.has_test = "test_paths" in data
        if self.source.has_test:
            self.source.test = tuple(self._entries(data["test_paths"], "test_paths"))
        self.source.split_fractions = self._fractions(data.get("dataset_split_fractions"))
        self.source.thumbnails = tuple(self._thumbnails(data.get("thumbnail_augmentation")))
        self._grouping.end()
        return self.source

    def _classes(self, data: dict[Any, Any]) -> tuple[str, ...] | None:
        if "class_names" not in data:
            self.say("class_names is missing: it lists the classes, in the order of their numbers in the labels")
            return None
        given = data["class_names"]
        if not isinstance(given, list) or not given:
            self.say(f"class_names is {shown(given)}; a list of names is expected", "class_names")
            return None
        names = []
        for index, name in enumerate(given):
            if isinstance(name, bool) or not isinstance(name, str | int | float) or name == "":
                self.say(f"A class name is {shown(name)}; put it in quotes", "class_names", index)
                continue
            if str(name) in names:
                self.say(f"The class {shown(name)} is in class_names twice", "class_names", index)
            names.append(str(name))
        return tuple(names)

    def _entries(self, given: object, key: str) -> Iterator[Entry]:
        if not isinstance(given, dict) or not given:
            severity: Literal["error", "warning"] = "error" if key == "dataset_paths" or given else "warning"
            what = "a map of labels to folders is expected"
            self.say(f"{key} is {shown(given) if given else 'empty'}; {what}", key, severity=severity)
            return
        for label, value in given.items():
            if not isinstance(value, dict):
                what = "image_path and label_path, or defn_path, are expected"
                self.say(f"{key} has {shown(value)} for {shown(label)}; {what}", key, label)
                continue
            self.unknown(value, _ENTRY_KEYS, key, label)
            if (entry := self._entry(str(label), value, key, label)) is not None:
                yield entry

    def _entry(self, label: str, value: dict[Any, Any], *place: object) -> Entry | None:
        given = [name for name in _PATH_KEYS if name in value]
        rule, sample = self._grouping.of_entry(label, value, *place)
        if given == ["defn_path"]:
            definition = self._path(value, "defn_path", *place)
            return DefinitionEntry(label, definition, rule) if definition else None
        if given != ["image_path", "label_path"]:
            has = f"only {given[0]}" if len(given) == 1 else " and ".join(given) or "neither"
            self.say(f"{shown(label)} needs both image_path and label_path, or else defn_path; it has {has}", *place)
            return None
        images, labels = (self._path(value, name, *place) for name in given)
        return PairEntry(label, images, labels, rule, sample) if images and labels else None

    def _path(self, value: dict[Any, Any], key: str, *place: object) -> Named | None:
        return self.named(value[key], key, *place, key)

    def _fractions(self, given: object) -> SplitFractions:
        key = "dataset_split_fractions"
        if given is None:
            return ALL_TRAIN
        if not isinstance(given, dict):
            self.say(f"{key} is {shown(given)}; train, val and test are expected", key)
            return ALL_TRAIN
        self.unknown(given, ("train", "val", "test"), key)
        shares = {name: given.get(name, 0.0) for name in ("train", "val", "test")}
        for name, share in shares.items():
            if isinstance(share, bool) or not isinstance(share, int | float):
                self.say(f"The split fraction {name} is {shown(share)}; a number from 0 to 1 is expected", key, name)
                return ALL_TRAIN
        if self.source.has_test and shares["test"]:
            self.say(
                "The split fraction test cannot be combined with test_paths: give one of them to say what to test on",
                key,
                "test",
            )
            return ALL_TRAIN
        try:
            return SplitFractions(**shares)
        except DefinitionError as error:
            self.say(str(error), key)
            return ALL_TRAIN

    def _thumbnails(self, given: object) -> Iterator[tuple[str, Named]]:
        key = "thumbnail_augmentation"
        if given is None:
            return
        if not isinstance(given, dict):
            self.say(f"{key} is {shown(given)}; a map of classes to folders is expected", key)
            return
        for name, folders in given.items():
            if self.source.classes is not None and str(name) not in self.source.classes:
                classes = ", ".join(self.source.classes)
                self.say(f"{key} names the class {shown(name)}; the classes are {classes}", key, name)
            for index, folder in enumerate(folders if isinstance(folders, list) else [folders]):
                place = (name, index) if isinstance(folders, list) else (name,)
                if named := self.named(folder, key, key, *place):
                    yield str(name), named
