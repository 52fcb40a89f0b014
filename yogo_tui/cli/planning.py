"""From a command's arguments to a plan: the definition, the recipe with its changes, the size."""

from __future__ import annotations

import argparse
import difflib
import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pydantic import ValidationError

from yogo.recipe import Recipe
from yogo.run.directory import check_name
from yogo_tui.cli.options import Misuse
from yogo_tui.errors import LaunchError, SettingsError
from yogo_tui.launch.plan import Plan, kind_of
from yogo_tui.settings import Settings, SizePreset

if TYPE_CHECKING:
    from yogo.presets import Preset


def add_planning(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--recipe", metavar="NAME", default="defaults", help="a preset's name or file (defaults)")
    parser.add_argument("--size", metavar="GPUS", help="the size, by its GPUs or its name (1, or the first there is)")
    parser.add_argument("--name", help="the run's name (one is made up)")
    parser.add_argument(
        "--set",
        dest="changes",
        nargs="+",
        action="extend",
        default=[],
        metavar="FIELD=VALUE",
        help="change a field of the recipe, such as epochs=16 or image_hw=193x258",
    )


def definition_of(settings: Settings, text: str, *, check: bool = True) -> Path:
    """The definition that `text` means, here or in a folder of the settings, free of errors. Raises LaunchError."""
    places = [Path(text).expanduser(), *(folder / text for folder in settings.definition_folders)]
    found = next((Path(os.path.abspath(place)) for place in places if place.is_file()), None)
    if found is None:
        folders = ", ".join(str(folder) for folder in settings.definition_folders)
        raise LaunchError(f"There is no dataset definition {text}, neither here nor in {folders}.")
    if check:
        _check(found)
    return found


def _check(definition: Path) -> None:
    from yogo.definition import check

    errors = [problem for problem in check(definition) if problem.is_error]
    if errors:
        more = f" ({len(errors) - 1} more: yogo-tui datasets {definition})" if errors[1:] else ""
        raise LaunchError(f"{errors[0]}{more}")


def preset_of(settings: Settings, name: str) -> Preset:
    """Raises RecipeError with the nearest names."""
    from yogo import presets

    return presets.find(name, settings.preset_folders)


def changed(recipe: Recipe, changes: list[str]) -> Recipe:
    """`recipe` with `field=value` applied. Raises Misuse."""
    values = recipe.model_dump()
    for change in changes:
        field, is_sign, value = change.partition("=")
        field = field.strip().replace("-", "_")
        if not is_sign or field not in values:
            near = difflib.get_close_matches(field, values, n=2) or list(values)
            raise Misuse(f"--set {change}: say FIELD=VALUE; the fields are {', '.join(near)}.")
        values[field] = value.replace(",", "x").split("x") if isinstance(values[field], tuple) else value
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Misuse(f"--set {where}={first['input']}: {first['msg']}.") from error


def size_of(settings: Settings, title: str | int | None) -> SizePreset:
    """The size that is meant; without a word one GPU, or the first that there is. Raises Misuse."""
    try:
        if title is None and all(size.title != "1" for size in settings.sizes):
            return settings.sizes[0]
        return settings.size(title or 1)
    except SettingsError as error:
        raise Misuse(str(error)) from error


def plan_of(settings: Settings, args: argparse.Namespace, name: str, *, check: bool = True) -> Plan:
    """Raises LaunchError, RecipeError, RunError, SettingsError, Misuse."""
    check_name(name)
    size = size_of(settings, args.size)
    preset = preset_of(settings, args.recipe)
    return Plan(
        name=name,
        kind=kind_of(preset.slug),
        definition=PurePosixPath(definition_of(settings, args.definition, check=check)),
        recipe=changed(preset.recipe, args.changes),
        size=size,
        preset=preset.title,
    )
