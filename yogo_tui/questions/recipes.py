"""Questions about recipes: the presets that lie where the runs do, and the built-in ones."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from yogo.errors import RecipeError, RunError
from yogo.presets import SUFFIXES, Fingerprint, Preset, builtin, find, fingerprint, load, load_all, save
from yogo.run.directory import RunDirectory
from yogo.run.launch import Launch
from yogo_tui.hosts.base import Tell

TRASH = ".trash"
"""The folder beside the presets that holds those that were removed."""


@dataclass(frozen=True)
class ListRecipes:
    """Built-in ones first, then the user's; an unreadable one comes with `problem` set."""

    folders: tuple[Path, ...]

    def answer(self, tell: Tell) -> tuple[Preset, ...]:
        return (*builtin(), *load_all(self.folders))


@dataclass(frozen=True)
class FindRecipe:
    """The preset of a name, a title or a file, by its path from `start`. Raises RecipeError with the nearest names."""

    name: str
    start: Path
    folders: tuple[Path, ...]

    def answer(self, tell: Tell) -> Preset:
        return find(self.name, self.folders, base=self.start)


@dataclass(frozen=True)
class SaveRecipe:
    """Write a preset to a file that is as it was `seen`; None for a new one. Raises RecipeError, OSError."""

    preset: Preset
    path: Path
    seen: Fingerprint | None

    changes: ClassVar = "the recipe was saved"

    def answer(self, tell: Tell) -> Preset:
        return save(self.preset, self.path, seen=self.seen)


@dataclass(frozen=True)
class RenameRecipe:
    """Write a preset, with its new title, to the file at `path`, and rename that. Raises RecipeError, also if there is
    another file of the new name; OSError."""

    preset: Preset
    path: Path
    to: Path
    seen: Fingerprint | None

    changes: ClassVar = "the recipe was renamed"

    def answer(self, tell: Tell) -> Preset:
        if self.to == self.path:
            return save(self.preset, self.path, seen=self.seen)
        if not self.path.exists() and self.to.exists():  # renamed before the line broke
            return load(self.to)
        if os.path.lexists(self.to):
            raise RecipeError(f"{self.to} already exists; choose another title")
        saved = save(self.preset, self.path, seen=self.seen)
        os.rename(self.path, self.to)
        return replace(saved, path=self.to, slug=self.to.stem)


@dataclass(frozen=True)
class RemoveRecipe:
    """Move a preset's file to `kept` in the trash beside it, if it is still the one that was `seen`. Raises
    RecipeError, OSError."""

    path: Path
    seen: Fingerprint | None
    kept: Path

    changes: ClassVar = "the recipe was removed"

    def answer(self, tell: Tell) -> None:
        if self.seen and fingerprint(self.path) not in (None, self.seen):
            raise RecipeError(f"{self.path} was edited elsewhere in the meantime; it is left as it is")
        if os.path.lexists(self.path) and not os.path.lexists(self.kept):
            self.kept.parent.mkdir(parents=True, exist_ok=True)
            os.rename(self.path, self.kept)


@dataclass(frozen=True, slots=True)
class RemovedRecipe:
    """A preset's file in the trash."""

    path: Path
    to: Path
    """Where it was."""

    title: str


@dataclass(frozen=True)
class ListRemovedRecipes:
    """The presets in the trash of some folders, the one that was removed last first."""

    folders: tuple[Path, ...]

    def answer(self, tell: Tell) -> tuple[RemovedRecipe, ...]:
        kept = [path for folder in self.folders for path in _inside(folder / TRASH) if path.suffix in SUFFIXES]
        found = [RemovedRecipe(path, _origin(path), _title(path)) for path in kept]
        return tuple(sorted(found, key=lambda one: one.path.name, reverse=True))


@dataclass(frozen=True)
class RestoreRecipe:
    """Move a preset's file back from the trash. Raises RecipeError if there is another file of its name; OSError."""

    kept: Path

    changes: ClassVar = "the recipe was brought back"

    def answer(self, tell: Tell) -> Preset:
        to = _origin(self.kept)
        if self.kept.parent.name != TRASH:
            raise RecipeError(f"{self.kept} is not in a trash; it is left as it is")
        if os.path.lexists(self.kept):
            if os.path.lexists(to):
                raise RecipeError(f"{to} is another recipe by now; {self.kept} is left where it is")
            os.rename(self.kept, to)
        (restored,) = (one for one in load_all([to.parent]) if one.path == to)
        return restored


@dataclass(frozen=True)
class UsesOfRecipes:
    """The names of the runs that were launched with each recipe, by the title that it had then in lower case; the
    latest first."""

    folders: tuple[Path, ...]

    def answer(self, tell: Tell) -> Mapping[str, tuple[str, ...]]:
        launches = [launch for folder in self.folders for path in _inside(folder) if (launch := _launch(path))]
        uses: dict[str, list[str]] = {}
        for launch in sorted(launches, key=lambda one: one.created_at, reverse=True):
            uses.setdefault(launch.preset.casefold(), []).append(launch.name)
        return {title: tuple(names) for title, names in uses.items() if title}


def _launch(run: Path) -> Launch | None:
    file = RunDirectory(run).launch
    try:
        return Launch.parse(file.read_bytes(), file.name)
    except (OSError, RunError):
        return None


def _origin(kept: Path) -> Path:
    """Where a file in the trash was: its name there begins with the time."""
    return kept.parent.parent / kept.name.partition("-")[2]


def _title(path: Path) -> str:
    try:
        return load(path).title
    except RecipeError:
        return _origin(path).stem


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
