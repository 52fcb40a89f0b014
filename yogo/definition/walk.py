"""Walks a definition and the definitions that it names as a tree, and resolves their folders."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from yogo.definition import source
from yogo.definition.document_reader import Named, found, short
from yogo.definition.folder_pair import FolderPair
from yogo.definition.fractions import ALL_TRAIN
from yogo.definition.group_rule import NO_GROUPS, GroupRule
from yogo.definition.nearby import nearby
from yogo.definition.problem import Problem
from yogo.definition.source import DefinitionEntry, Entry, PairEntry, Source
from yogo.definition.thumbnails import MIN_THUMBNAIL_PIXELS, examined
from yogo.definition.tree import Node
from yogo.files.places import because

MAX_DEPTH = 50


class Branch(Enum):
    """Which of a definition's two lists is wanted, and which of the two trees that list is in."""

    DATA = "dataset_paths"
    TEST = "test_paths"


@dataclass(slots=True)
class Walk:
    """One walk over a tree of definitions; it continues after a problem, so that all are found."""

    top: Source
    base: Path | None
    """Where folders are looked for that do not lie beside the file that names them."""

    problems: list[Problem] = field(default_factory=list)
    sources: dict[Path, Source] = field(default_factory=dict)
    said: dict[tuple[Path, Branch], str] = field(default_factory=dict)
    """Where each definition was named, at most once in either tree."""

    pairs: dict[Branch, list[FolderPair]] = field(default_factory=lambda: {part: [] for part in Branch})
    places: dict[tuple[Path, Path], str] = field(default_factory=dict)
    """Where each folder pair was named."""

    known: dict[str, tuple[float, str]] = field(default_factory=dict)
    """What is known of each sample, and where that was told first."""

    tree: list[Node] = field(default_factory=list)
    """What the definition names, in the order of its lines, and below that what those definitions name."""

    def run(self) -> None:
        self.sources[self.top.path] = self.top
        self.problems += self.top.problems
        self._entries(self.top, self.top.data, Branch.DATA, (self.top.path,), into=self.tree)
        self._entries(self.top, self.top.test, Branch.TEST, (self.top.path,), into=self.tree)

    @property
    def known_without_roles(self) -> bool:
        told = any(one.sample.target_per_microlitre is not None for pairs in self.pairs.values() for one in pairs)
        return told and self.top.roles is None

    def _entries(
        self,
        file: Source,
        entries: tuple[Entry, ...],
        part: Branch,
        above: tuple[Path, ...],
        *,
        into: list[Node],
        pairs: Branch | None = None,
        grouping: GroupRule = NO_GROUPS,
    ) -> None:
        """`pairs` is the list that folder pairs belong to, where it is not `part`; `grouping` is that of what names
        the file."""
        pairs = pairs or part
        for entry in entries:
            before = len(self.problems)
            rule = entry.grouping or file.grouping or grouping
            node = Node(entry.label, file.path, entry.line, is_test=pairs is Branch.TEST, grouping=rule)
            into.append(node)
            if isinstance(entry, PairEntry):
                self._pair(file, entry, pairs, node)
            else:
                self._child(file, entry, part, above, node)
            node.is_broken = any(problem.is_error for problem in self.problems[before:])

    def _say(self, file: Source, line: int, message: str, *, missing: bool = False) -> None:
        self.problems.append(Problem("error", message, file.path, line, missing=missing))

    def _pair(self, file: Source, entry: PairEntry, part: Branch, node: Node) -> None:
        images, labels = self.folder(file, entry.images), self.folder(file, entry.labels)
        node.images, node.labels = images, labels
        if images is None or labels is None:
            return
        here = f"{file.path}, line {entry.images.line}"
        first = self.places.setdefault((images, labels), here)
        if first is not here:
            self._say(file, entry.images.line, f"The folder pair {images}, {labels} is named already in {first}")
            return
        node.sample = entry.sample
        self._known(file, entry)
        self.pairs[part].append(FolderPair(entry.label, images, labels, node.grouping, entry.sample))

    def _known(self, file: Source, entry: PairEntry) -> None:
        """A sample has one value, wherever it is told."""
        sample = entry.sample
        if not sample.name or sample.target_per_microlitre is None:
            return
        here = f"{file.path}, line {entry.line}"
        known, where = self.known.setdefault(sample.name, (sample.target_per_microlitre, here))
        if known != sample.target_per_microlitre:
            given = f"{sample.target_per_microlitre:g} per µL here, and {known:g} in {where}"
            self._say(file, entry.line, f"The sample {sample.name} has {given}")

    def folder(self, file: Source, named: Named) -> Path | None:
        """The folder that is meant: beside the file, else below the base."""
        place = found(named, file.path, self.base)
        if isinstance(place, Problem):
            self.problems.append(place)
            return None
        return place

    def holds_thumbnails(self, folder: Path, named: Named) -> bool:
        thumbnails = [*examined(folder)]
        wrong = [one for one in thumbnails if isinstance(one, Problem)]
        self.problems += wrong
        if not thumbnails:
            what = (
                f"{named.key} names a folder without thumbnails (PNG files of more than {MIN_THUMBNAIL_PIXELS} pixels)"
            )
            self._say(self.top, named.line, f"{what}: {short(named.text)}")
        return len(wrong) < len(thumbnails)

    def _child(self, file: Source, entry: DefinitionEntry, part: Branch, above: tuple[Path, ...], node: Node) -> None:
        line = entry.definition.line
        try:
            path = (file.path.parent / entry.definition.text).resolve()
            exists = path.exists()
        except (OSError, RuntimeError, ValueError) as error:
            self._say(file, line, f"defn_path cannot be looked at: {short(entry.definition.text)} ({because(error)})")
            return
        node.definition = path
        if not exists:
            where = f"{short(entry.definition.text)} (looked in {file.path.parent}){nearby(path)}"
            self._say(file, line, f"defn_path does not exist: {where}", missing=True)
            return
        if len(above) > MAX_DEPTH:
            self._say(file, line, f"Definitions are nested more than {MAX_DEPTH} deep")
            return
        if path in above:
            chain = " → ".join(str(one) for one in (*above[above.index(path) :], path))
            self._say(file, line, f"The definitions form a cycle: {chain}")
            return
        here = f"{file.path}, line {line}"
        first = self.said.setdefault((path, part), here)
        if first is not here:
            self._say(file, line, f"The definition {path} is named already in {first}")
            return
        self._descend(path, file, part, above, node)

    def _descend(self, path: Path, file: Source, part: Branch, above: tuple[Path, ...], node: Node) -> None:
        seen = path in self.sources
        child = self.sources.setdefault(path, self.sources.get(path) or source.read(path))
        node.fractions = dict(child.split_fractions.items()) if child.split_fractions != ALL_TRAIN else {}
        if not seen:
            self.problems += child.problems
            if child.classes is not None and self.top.classes not in (None, child.classes):
                names = f"{list(child.classes)} in {path}, {list(self.top.classes or ())} in {self.top.path}"
                self._say(file, node.line, f"The class names differ: {names}")
        inside = (*above, path)
        if self.top.has_test:
            if part is Branch.TEST and child.readable and not child.has_test:
                what = f"{path} has no test_paths, so it adds nothing to the test images here"
                self.problems.append(Problem("warning", what, file.path, node.line))
            entries = child.data if part is Branch.DATA else child.test
            self._entries(child, entries, part, inside, into=node.parts, grouping=node.grouping)
        elif not seen:
            # Without test_paths at the top all images are data, so a definition gives everything at once;
            # being named a second time, in some child's other tree, adds nothing.
            parts = node.parts
            self._entries(child, child.data, Branch.DATA, inside, into=parts, grouping=node.grouping)
            self._entries(child, child.test, Branch.TEST, inside, into=parts, pairs=Branch.DATA, grouping=node.grouping)
