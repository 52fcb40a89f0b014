"""Lists the dataset definitions and recipes that can be chosen."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from yogo.errors import RecipeError
from yogo.presets import Fingerprint, Preset, slug_of
from yogo.recipe import Recipe, differences
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.base import Host, Tell, silent
from yogo_tui.listing.recipes import setting_words
from yogo_tui.questions.definitions import DefinitionFile, ListDefinitions
from yogo_tui.questions.paths import FindPath
from yogo_tui.questions.recipes import (
    TRASH,
    FindRecipe,
    ListRecipes,
    ListRemovedRecipes,
    RemovedRecipe,
    RemoveRecipe,
    RenameRecipe,
    RestoreRecipe,
    SaveRecipe,
    UsesOfRecipes,
)
from yogo_tui.runs.model import Run
from yogo_tui.settings import Settings


class Library:
    """Lists them on a host, whether or not a cluster is there."""

    def __init__(self, host: Host, settings: Settings) -> None:
        self.host = host
        self.settings = settings

    @property
    def presets_folder(self) -> Path:
        """Where the user's own presets are saved."""
        return self.settings.own_presets_folder

    async def definitions(self, tell: Tell = silent) -> tuple[DefinitionFile, ...]:
        """All YAML files below the settings' folders, by folder and name. Raises HostError."""
        return await self.host.ask(ListDefinitions(self.settings.definition_folders), tell=tell)

    async def run_path(self, text: str) -> Path:
        """Of the run of this name, or what lies at this path. Raises LaunchError, HostError."""
        folders = self.settings.all_runs_folders
        for folder in (*folders, self.settings.start):
            found = await self.host.ask(FindPath(text, folder))
            if found.is_there:
                return found.path
        raise LaunchError(f"There is no run {text}, neither in {', '.join(map(str, folders))} nor at this path.")

    async def presets(self) -> tuple[Preset, ...]:
        """The built-in recipes, then the user's. One that cannot be read has `problem` set. Raises HostError."""
        return await self.host.ask(ListRecipes(self.settings.preset_folders))

    async def preset(self, name: str) -> Preset:
        """The recipe of this name or file. Raises RecipeError with the nearest names, HostError."""
        return await self.host.ask(FindRecipe(name, self.settings.start, self.settings.preset_folders))

    async def save(self, preset: Preset, path: Path, *, seen: Fingerprint | None) -> Preset:
        """Write a recipe to the file that was `seen`; None for a new one. Raises RecipeError, HostError."""
        return await self.host.ask(SaveRecipe(preset, path, seen))

    def path_for(self, title: str, beside: Path | None = None) -> Path:
        """The file of a new recipe of this title, or of one that is renamed `beside` its file. Raises RecipeError if
        the title has neither a letter nor a digit."""
        return (beside.parent if beside else self.presets_folder) / f"{slug_of(title)}.yaml"

    async def add(self, title: str, recipe: Recipe, note: str) -> Preset:
        """Save a new recipe. Raises RecipeError, also if there is a file of this name; HostError."""
        preset = Preset(" ".join(title.split()), note.strip(), recipe, path=None)
        return await self.save(preset, self.path_for(title), seen=None)

    async def describe(self, preset: Preset, title: str, note: str) -> Preset:
        """Give a recipe of the user's another title or note. Its file is renamed too, if it is called as the title.
        Raises RecipeError, HostError."""
        path = own_path(preset)
        follows = preset.title != title.strip() and path.stem == _slug_or_none(preset.title)
        to = self.path_for(title, path) if follows else path
        described = replace(preset, title=title.strip() or preset.title, note=note.strip())
        return await self.host.ask(RenameRecipe(described, path, to, preset.seen))

    async def remove(self, path: Path, *, seen: Fingerprint | None) -> None:
        """Move a recipe's file that was `seen` to the trash beside it. Raises RecipeError, HostError."""
        kept = path.parent / TRASH / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{path.name}"
        await self.host.ask(RemoveRecipe(path, seen, kept))

    async def removed(self) -> tuple[RemovedRecipe, ...]:
        """The recipes in the trash, the one that was removed last first. Raises HostError."""
        folders = dict.fromkeys((self.presets_folder, *self.settings.preset_folders))
        return await self.host.ask(ListRemovedRecipes(tuple(folders)))

    async def restore(self, removed: RemovedRecipe) -> Preset:
        """Bring a recipe back from the trash. Raises RecipeError, HostError."""
        return await self.host.ask(RestoreRecipe(removed.path))

    async def uses(self) -> Mapping[str, Sequence[str]]:
        """The names of the runs that were launched with each recipe, by its title in lower case. Raises HostError."""
        return await self.host.ask(UsesOfRecipes(self.settings.all_runs_folders))

    async def read_command(self, text: str) -> tuple[Recipe, tuple[str, ...]]:
        """The recipe in a command line that was pasted, and what could not be taken over. Raises RecipeError,
        HostError."""
        from yogo_tui.launch.command_line import read_command

        pasted = read_command(text)
        base = (await self.preset(pasted.preset)).recipe if pasted.preset else Recipe()
        return pasted.recipe(base)


def own_path(preset: Preset) -> Path:
    """The file of a recipe of the user's. Raises RecipeError for one that is built in, or cannot be read."""
    if preset.problem:
        raise RecipeError(f"{preset.title} cannot be read: {preset.problem}. Mend its file first.")
    if preset.path is None:
        raise RecipeError(f"{preset.title} is built in and read-only: copy it under a title of yours.")
    return preset.path


def _slug_or_none(title: str) -> str | None:
    with contextlib.suppress(RecipeError):
        return slug_of(title)
    return None


def used_by(preset: Preset, uses: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The names of the runs that were launched with this recipe, the latest first."""
    names = (name for word in {preset.title.casefold(), preset.slug.casefold()} for name in uses.get(word, ()))
    return tuple(dict.fromkeys(names))


def uses_in(runs: Iterable[Run]) -> Mapping[str, Sequence[str]]:
    """The names of these runs by the recipe that each was launched with, as `Library.uses` has them."""
    uses: dict[str, list[str]] = {}
    for run in runs:
        if run.launch and run.launch.preset:
            uses.setdefault(run.launch.preset.casefold(), []).append(run.name)
    return uses


def recipe_of(run: Run) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe that a run has, and what of the run is no part of it. Raises LaunchError if it is not known."""
    source = run.manifest or run.launch
    if source is None:
        raise LaunchError(f"The recipe of {run.name} is not known: it has neither run.json nor launch.json.")
    left = [f"its data, {run.definition}: a recipe has none."] if run.definition else []
    parent = run.launch.parent.checkpoint if run.launch and run.launch.parent else ""
    if weights := parent or (run.manifest.pretrained if run.manifest else ""):
        left.append(f"the weights that it started from, {weights}: choose them at the launch.")
    return source.recipe, tuple(left)


def difference_words(recipe: Recipe) -> str:
    """What a recipe sets otherwise than the defaults, such as "epochs 16, lr .0005"; empty if nothing."""
    return ", ".join(setting_words(name, value) for name, (_, value) in differences(recipe).items())
