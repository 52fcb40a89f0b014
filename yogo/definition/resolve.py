"""A definition and those that it names, walked as a tree and brought to folders that exist."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from yogo.definition import source
from yogo.definition.model import DatasetDefinition, FolderPair
from yogo.definition.nearby import nearby
from yogo.definition.problem import Problem
from yogo.definition.source import DefinitionEntry, Entry, Named, PairEntry, Source
from yogo.definition.thumbnails import SMALLEST_AREA, examined
from yogo.foreign import leads_nowhere

MAX_DEPTH = 50


class Part(Enum):
    """Which of its two lists a definition is asked for, and which of the two trees that list is in."""

    DATA = "dataset_paths"
    TEST = "test_paths"


@dataclass(slots=True)
class _Walk:
    """One walk over a tree of definitions; it goes on after a problem, so that all of them are found."""

    top: Source
    problems: list[Problem] = field(default_factory=list)
    sources: dict[Path, Source] = field(default_factory=dict)
    said: dict[tuple[Path, Part], str] = field(default_factory=dict)
    """Where each definition was named, once in either tree."""

    pairs: dict[Part, list[FolderPair]] = field(default_factory=lambda: {part: [] for part in Part})
    places: dict[tuple[Path, Path], str] = field(default_factory=dict)
    """Where each folder pair was named."""

    def run(self) -> None:
        self.sources[self.top.path] = self.top
        self.problems += self.top.problems
        self._entries(self.top, self.top.data, Part.DATA, (self.top.path,))
        self._entries(self.top, self.top.test, Part.TEST, (self.top.path,))

    def _entries(self, file: Source, entries: tuple[Entry, ...], part: Part, above: tuple[Path, ...]) -> None:
        for entry in entries:
            if isinstance(entry, PairEntry):
                self._pair(file, entry, part)
            else:
                self._child(file, entry, part, above)

    def _say(self, file: Source, line: int, message: str, *, missing: bool = False) -> None:
        self.problems.append(Problem("error", message, file.path, line, missing=missing))

    def _pair(self, file: Source, entry: PairEntry, part: Part) -> None:
        images, labels = self.folder(file, entry.images), self.folder(file, entry.labels)
        if images is None or labels is None:
            return
        here = f"{file.path}, line {entry.images.line}"
        first = self.places.setdefault((images, labels), here)
        if first is not here:
            self._say(file, entry.images.line, f"The folder pair {images}, {labels} is named already in {first}")
            return
        self.pairs[part].append(FolderPair(entry.label, images, labels))

    def folder(self, file: Source, named: Named) -> Path | None:
        """The folder that is meant: beside the file, else below the working directory."""
        written = Path(named.text)
        # Resolving may fail on what no path can be, a loop of links or a name that is too long; and what is not
        # UTF-8 could not be written down in the run's record.
        try:
            for base in (file.path.parent, Path.cwd()):
                if (path := base / written).exists():
                    if path.is_dir():
                        str(real := path.resolve()).encode()
                        return real
                    self._say(file, named.line, f"{named.key} is no folder: {_short(named.text)}")
                    return None
        except (OSError, RuntimeError, ValueError) as error:
            self._say(file, named.line, f"{named.key} cannot be looked at: {_short(named.text)} ({_reason(error)})")
            return None
        places = " and in ".join(dict.fromkeys(map(str, (file.path.parent, Path.cwd()))))
        looked = "" if written.is_absolute() else f" (looked in {places})"
        if link := leads_nowhere(file.path.parent / written):
            looked = f" (it is {link})"
        looked += nearby(file.path.parent / written)
        self._say(file, named.line, f"{named.key} does not exist: {_short(named.text)}{looked}", missing=True)
        return None

    def holds_thumbnails(self, folder: Path, named: Named) -> bool:
        found = [*examined(folder)]
        wrong = [one for one in found if isinstance(one, Problem)]
        self.problems += wrong
        if not found:
            what = f"{named.key} names a folder without thumbnails (PNG files of more than {SMALLEST_AREA} pixels)"
            self._say(self.top, named.line, f"{what}: {_short(named.text)}")
        return len(wrong) < len(found)

    def _child(self, file: Source, entry: DefinitionEntry, part: Part, above: tuple[Path, ...]) -> None:
        line = entry.definition.line
        try:
            path = (file.path.parent / entry.definition.text).resolve()
            exists = path.exists()
        except (OSError, RuntimeError, ValueError) as error:
            self._say(file, line, f"defn_path cannot be looked at: {_short(entry.definition.text)} ({_reason(error)})")
            return
        if not exists:
            where = f"{_short(entry.definition.text)} (looked in {file.path.parent}){nearby(path)}"
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
        self._descend(path, file, line, part, above)

    def _descend(self, path: Path, file: Source, line: int, part: Part, above: tuple[Path, ...]) -> None:
        seen = path in self.sources
        child = self.sources.setdefault(path, self.sources.get(path) or source.read(path))
        if not seen:
            self.problems += child.problems
            if child.classes is not None and self.top.classes not in (None, child.classes):
                names = f"{list(child.classes)} in {path}, {list(self.top.classes or ())} in {self.top.path}"
                self._say(file, line, f"The class names differ: {names}")
        inside = (*above, path)
        if self.top.has_test:
            if part is Part.TEST and child.readable and not child.has_test:
                what = f"{path} has no test_paths, so it adds nothing to the test pictures here"
                self.problems.append(Problem("warning", what, file.path, line))
            self._entries(child, child.data if part is Part.DATA else child.test, part, inside)
        elif not seen:
            # Without test_paths at the top all pictures are data, so a definition gives everything at once;
            # being named a second time, in some child's other tree, adds nothing.
            self._entries(child, child.data, Part.DATA, inside)
            self._tests_as_data(child, inside)

    def _tests_as_data(self, child: Source, inside: tuple[Path, ...]) -> None:
        for entry in child.test:
            if isinstance(entry, PairEntry):
                self._pair(child, entry, Part.DATA)
            else:
                self._child(child, entry, Part.TEST, inside)


def _short(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:150]}…{text[-150:]}"


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def resolve(path: Path) -> tuple[DatasetDefinition | None, list[Problem]]:
    """The definition in `path`, and every problem found; None where it is no definition at all. Never raises."""
    if link := leads_nowhere(path):
        return None, [Problem("error", f"This is {link}", path, missing=True)]
    try:
        absolute = path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        return None, [Problem("error", f"This path cannot be looked at: {_reason(error)}", path)]
    walk = _Walk(source.read(absolute))
    walk.run()
    thumbnails: dict[str, list[Path]] = {}
    for name, named in walk.top.thumbnails:
        if (folder := walk.folder(walk.top, named)) and walk.holds_thumbnails(folder, named):
            thumbnails.setdefault(name, []).append(folder)
    if walk.top.classes is None:
        return None, walk.problems
    definition = DatasetDefinition(
        path=absolute,
        classes=walk.top.classes,
        dataset_paths=tuple(walk.pairs[Part.DATA]),
        test_dataset_paths=tuple(walk.pairs[Part.TEST]),
        split_fractions=walk.top.split_fractions,
        thumbnail_augmentation={name: tuple(dict.fromkeys(folders)) for name, folders in thumbnails.items()},
        warnings=tuple(problem for problem in walk.problems if not problem.is_error),
    )
    return definition, walk.problems
