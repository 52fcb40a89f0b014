"""From a command's arguments to a plan: the definition, the recipe with its changes, the size."""

from __future__ import annotations

import argparse
import difflib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pydantic import ValidationError

from yogo.places import expanded
from yogo.recipe import Recipe, knobs
from yogo.run.directory import check_name
from yogo.wording import listed, meant, sentences
from yogo_tui.cli.options import Misuse
from yogo_tui.errors import LaunchError, SettingsError
from yogo_tui.launch.checking import check_definition
from yogo_tui.launch.plan import Plan, kind_of
from yogo_tui.settings import Settings, SizePreset, definition_files

if TYPE_CHECKING:
    from yogo.presets import Preset


_SEVERAL = re.compile(r"\s*[x×*,\s]\s*")
"""What may stand between height and width."""


def add_planning(parser: argparse.ArgumentParser, *, recipe: str = "defaults") -> None:
    parser.add_argument("--recipe", metavar="NAME", default=recipe, help=f"a recipe's name or file ({recipe})")
    parser.add_argument("--size", metavar="GPUS", help="the size, by its GPUs or its name (1, or the first there is)")
    parser.add_argument("--name", help="the run's name (one is made up)")
    parser.add_argument(
        "--set",
        dest="changes",
        nargs="+",
        action="extend",
        default=[],
        metavar="FIELD=VALUE",
        help="change a field of the recipe, such as epochs=16, lr=0.001 or image_hw=193x258",
    )


def definition_of(settings: Settings, text: str, *, check: bool = True) -> Path:
    """The definition that `text` means, here or in a folder of the settings, free of errors. Raises LaunchError."""
    places = [expanded(Path(text)), *(folder / text for folder in settings.definition_folders)]
    found = next((Path(os.path.abspath(place)) for place in places if place.is_file()), None)
    if found is None:
        folders = ", ".join(str(folder) for folder in settings.definition_folders)
        known = [str(path.relative_to(root)) for path, root in definition_files(settings)]
        near = near_path(text, known)
        hint = f' Did you mean "{near}"?' if near else f" There are {listed(known)}." if 0 < len(known) < 6 else ""
        raise LaunchError(f"There is no dataset definition {text}, neither here nor in {folders}.{hint}")
    if check:
        check_definition(found)
    return found


def near_path(text: str, known: Sequence[str]) -> str:
    """The relative path that is meant by another spelling of it, or of its name; empty where none is near."""

    def spellings(path: str) -> Iterator[str]:
        yield from (path, path.rpartition("/")[2], path.rpartition("/")[2].rpartition(".")[0])

    by_spelling = {one.casefold(): path for path in reversed(known) for one in spellings(path)}
    found = difflib.get_close_matches(text.casefold(), by_spelling, 1, 0.6)
    return by_spelling[found[0]] if found else ""


def preset_of(settings: Settings, name: str) -> Preset:
    """Raises RecipeError with the nearest names."""
    from yogo import presets

    return presets.find(name, settings.preset_folders)


def changed(recipe: Recipe, changes: list[str]) -> Recipe:
    """`recipe` with each `field=value` applied; a field may be spelled as any of its flags. Raises Misuse."""
    values = recipe.model_dump()
    fields = {spelling: name for name, _, knob in knobs() for spelling in (name, *map(_bare, knob.aliases))}
    for change in changes:
        field, is_sign, value = change.partition("=")
        if not is_sign or not field.strip():
            raise Misuse(f"--set {change}: say FIELD=VALUE, such as epochs=16.")
        name = fields.get(_bare(field))
        if name is None:
            raise Misuse(f'There is no field "{field.strip()}". {meant(_bare(field), Recipe.model_fields)}')
        value = value.strip()
        values[name] = _SEVERAL.split(value.strip("[]()")) if isinstance(values[name], tuple) else value
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        fault = sentences(error)[0]
        said = fault.message if fault.is_sentence else str(fault)
        raise Misuse(said if said.endswith((".", "?")) else f"{said}.") from error


def _bare(spelling: str) -> str:
    """A field's name or flag without its dashes."""
    return spelling.strip().lstrip("-").replace("-", "_").casefold()


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
