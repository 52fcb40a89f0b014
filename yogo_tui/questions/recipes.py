"""Questions about recipes: the presets that lie where the runs do, and the built-in ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from yogo.errors import RecipeError
from yogo.presets import Fingerprint, Preset, builtin, find, fingerprint, load_all, save
from yogo_tui.hosts.base import Tell


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
class RemoveRecipe:
    """Remove a preset's file for good, if there is still the one that was `seen`. Raises RecipeError, OSError."""

    path: Path
    seen: Fingerprint | None

    changes: ClassVar = "the recipe was removed"

    def answer(self, tell: Tell) -> None:
        if self.seen and fingerprint(self.path) not in (None, self.seen):
            raise RecipeError(f"{self.path} was edited elsewhere in the meantime; it is left as it is")
        self.path.unlink(missing_ok=True)
