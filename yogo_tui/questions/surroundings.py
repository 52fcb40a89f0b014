"""Questions about what lies around a workspace: dataset definitions, and folders that must be writable."""

from __future__ import annotations

import os
import platform
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from yogo.distribution import VERSION
from yogo.files.places import because
from yogo.run.directory import RUNS
from yogo_tui.hosts.base import Tell
from yogo_tui.questions.definitions import ListDefinitions

_IS_DEFINITION = re.compile(rb"^dataset_paths\s*:", re.MULTILINE)
_MOST_BYTES = 1 << 20
_DEPTH = 3
"""How many folders below the workspace definitions are looked for."""

_MOST_ENTRIES = 500
"""A folder with more is taken to hold images."""

_BLOCK = b"\0" * 4096


@dataclass(frozen=True, slots=True)
class DefinitionFolder:
    """A folder with dataset definitions in it, or further below."""

    folder: Path
    number: int
    is_known: bool
    """Whether definitions are looked for there by the settings, or because $DDF_PATHS names it."""


@dataclass(frozen=True)
class FindDefinitionFolders:
    """The definitions in the known `folders`, and those in other folders below the workspace, by the folder right in
    it. Large folders are not looked through."""

    workspace: Path
    folders: tuple[Path, ...]

    def answer(self, tell: Tell) -> tuple[DefinitionFolder, ...]:
        found = [file.root for file in ListDefinitions(self.folders).answer(tell)]
        known = [DefinitionFolder(folder, found.count(folder), True) for folder in self.folders if folder in found]
        others: dict[Path, int] = {}
        for number, path in enumerate(_yaml_files(self.workspace, frozenset(map(str, self.folders)), _DEPTH)):
            tell("looking for dataset definitions", number, 0)
            if _is_definition(path):
                below = path.relative_to(self.workspace).parts
                folder = self.workspace / below[0] if len(below) > 1 else self.workspace
                others[folder] = others.get(folder, 0) + 1
        return (*known, *(DefinitionFolder(folder, number, False) for folder, number in sorted(others.items())))


@dataclass(frozen=True, slots=True)
class LookedAtPlace:
    """A folder that must be writable."""

    about: str
    folder: Path
    is_there: bool
    problem: str = ""
    """Why nothing can be written there, or made there if it does not exist; empty if it can."""

    free_bytes: int | None = field(default=None, compare=False)
    clock_ahead: float = field(default=0.0, compare=False)
    """By how many seconds the disk's clock is ahead of this machine's."""


@dataclass(frozen=True, slots=True)
class LookedAtMachine:
    python: str
    version: str
    """Of yogo-tui."""

    system: str
    places: tuple[LookedAtPlace, ...]


@dataclass(frozen=True)
class LookAtMachine:
    """The programs of this machine, and whether these places, each with what it is for, can be written to."""

    places: tuple[tuple[str, Path], ...]

    def answer(self, tell: Tell) -> LookedAtMachine:
        looked_at = []
        for about, folder in (*self.places, *_cache()):
            tell(f"writing to {folder}", 0, 0)
            looked_at.append(_looked_at(about, folder))
        return LookedAtMachine(platform.python_version(), VERSION, platform.platform(terse=True), tuple(looked_at))


@dataclass(frozen=True)
class LookAtPlace:
    """Whether a folder can be written to, or made where it does not exist."""

    folder: Path
    about: str

    def answer(self, tell: Tell) -> LookedAtPlace:
        if blocking := next((one for one in (self.folder, *self.folder.parents) if one.is_file()), None):
            return LookedAtPlace(self.about, self.folder, False, f"{blocking} is a file")
        return _looked_at(self.about, self.folder)


def _yaml_files(folder: Path, left_out: frozenset[str], depth: int) -> Iterator[Path]:
    try:
        with os.scandir(folder) as opened:
            entries = [entry for entry, _ in zip(opened, range(_MOST_ENTRIES), strict=False)]
            inside = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in inside:
        if entry.name.startswith(".") or entry.path in left_out or entry.name == str(RUNS):
            continue
        if entry.is_dir(follow_symlinks=False):
            if depth:
                yield from _yaml_files(Path(entry.path), left_out, depth - 1)
        elif entry.name.endswith((".yml", ".yaml")):
            yield Path(entry.path)


def _is_definition(path: Path) -> bool:
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return False
        return bool(_IS_DEFINITION.search(path.read_bytes()))
    except OSError:
        return False


def _looked_at(about: str, folder: Path) -> LookedAtPlace:
    """What is written has no name, and is gone at once."""
    existing, is_there = folder, folder.is_dir()
    while not existing.is_dir() and existing != existing.parent:
        existing = existing.parent
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(_BLOCK)
            file.flush()
            os.fsync(file.fileno())
            ahead = os.fstat(file.fileno()).st_mtime - time.time()
        return LookedAtPlace(about, folder, is_there, "", shutil.disk_usage(existing).free, ahead)
    except OSError as error:
        return LookedAtPlace(about, folder, is_there, because(error))


def _cache() -> Iterator[tuple[str, Path]]:
    """Where decoded images are kept; nothing where what trains is not installed."""
    try:
        from yogo.datasets.cache import own_folder
    except ModuleNotFoundError:
        return
    if folder := own_folder():
        yield "cache", folder
