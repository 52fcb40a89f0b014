"""`yogo-tui recipes`: list the presets, or show one."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from yogo.text.terminal import printable
from yogo_tui.cli.options import Commands, add_json, in_library, new_command

if TYPE_CHECKING:
    from yogo_tui.session.library import Library


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "recipes",
        "list the recipes, or show one",
        "A recipe holds the settings of a training, such as epochs and learning rate, but not the data. With NAME, all "
        "of its fields are shown beside the defaults, and the `yogo train` command that uses it.",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="The recipe to show: its name or its file.")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    return _one(args) if args.name else _all(args)


@in_library
async def _all(library: Library, args: argparse.Namespace) -> int:
    from yogo.recipe import differences
    from yogo.text.wording import counted
    from yogo_tui.cli.output import print_json, print_table

    found = await library.presets()
    if args.json:
        print_json([_json(preset) for preset in found])
        return 0
    rows = []
    for one in found:
        what = one.problem or counted(len(differences(one.recipe)), "difference")
        rows.append([one.slug, one.title, str(one.path or "built in"), what])
    print_table(("name", "title", "file", "from the defaults"), rows)
    return 0


@in_library
async def _one(library: Library, args: argparse.Namespace) -> int:
    from yogo.recipe import Recipe, differences
    from yogo_tui.cli.output import print_json, print_table
    from yogo_tui.launch.script import command_of

    preset = await library.preset(args.name)
    if args.json:
        print_json(_json(preset))
        return 0
    print(printable(preset.title))
    for line in preset.note.splitlines():
        print(printable(line))
    others = differences(preset.recipe)
    rows = [
        [name, _shown(getattr(preset.recipe, name)), _shown(others[name][0]) if name in others else ""]
        for name in Recipe.model_fields
    ]
    print()
    print_table(("field", "value", "default"), rows)
    print(f"\n{command_of(preset.recipe)}")
    return 0


def _json(preset: object) -> dict[str, object]:
    from yogo.presets import Preset

    assert isinstance(preset, Preset)
    return {
        "name": preset.slug,
        "title": preset.title,
        "note": preset.note,
        "path": preset.path,
        "problem": preset.problem,
        "recipe": preset.recipe.model_dump(),
    }


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " x ".join(str(part) for part in value)
    return f"{value:.5g}" if isinstance(value, float) else str(value)
