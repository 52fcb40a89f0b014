"""Lists the dataset definitions and recipes that can be chosen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from yogo_tui.hosts.base import Host
from yogo_tui.questions.definitions import DefinitionFile, ListDefinitions
from yogo_tui.questions.recipes import FindRecipe, ListRecipes, RemoveRecipe, SaveRecipe
from yogo_tui.settings import Settings

if TYPE_CHECKING:
    from yogo.presets import Fingerprint, Preset


class Library:
    """Lists them on a host, whether or not a cluster is there."""

    def __init__(self, host: Host, settings: Settings) -> None:
        self.host = host
        self.settings = settings

    @property
    def presets_folder(self) -> Path:
        """Where the user's own presets are saved."""
        return self.settings.own_presets_folder

    async def definitions(self) -> tuple[DefinitionFile, ...]:
        """All YAML files below the settings' folders, by folder and name. Raises HostError."""
        return await self.host.ask(ListDefinitions(self.settings.definition_folders))

    async def presets(self) -> tuple[Preset, ...]:
        """The built-in recipes, then the user's. One that cannot be read has `problem` set. Raises HostError."""
        return await self.host.ask(ListRecipes(self.settings.preset_folders))

    async def preset(self, name: str) -> Preset:
        """The recipe of this name or file. Raises RecipeError with the nearest names, HostError."""
        return await self.host.ask(FindRecipe(name, self.settings.start, self.settings.preset_folders))

    async def save(self, preset: Preset, path: Path, *, seen: Fingerprint | None) -> Preset:
        """Write a recipe to the file that was `seen`; None for a new one. Raises RecipeError, HostError."""
        return await self.host.ask(SaveRecipe(preset, path, seen))

    async def remove(self, path: Path, *, seen: Fingerprint | None) -> None:
        """Remove a recipe's file that was `seen` for good. Raises RecipeError, HostError."""
        await self.host.ask(RemoveRecipe(path, seen))
