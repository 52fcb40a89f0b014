"""`yogo-tui recipes`: the presets there are, and what one says."""

from __future__ import annotations

import argparse

from yogo.terminal import printable
from yogo_tui.cli.options import Commands, add_json, new_command, settings_of


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(commands, "recipes", "list the recipes, or show one")
    parser.add_argument("name", nargs="?", metavar="NAME", help="the recipe to show, by its name or file")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    return _one(args) if args.name else _all(args)


def _all(args: argparse.Namespace) -> int:
    from yogo import presets
    from yogo.recipe import differences
    from yogo_tui.cli.output import print_json, print_table

    found = (*presets.builtin(), *presets.load_all(settings_of(args).preset_folders))
    if args.json:
        print_json([_json(preset) for preset in found])
        return 0
    rows = [
        [one.slug, one.title, str(one.path or "built in"), one.problem or f"{len(differences(one.recipe))} differences"]
        for one in found
    ]
    print_table(("name", "title", "file", "from the defaults"), rows)
    return 0


def _one(args: argparse.Namespace) -> int:
    import shlex

    from yogo.recipe import Recipe, differences
    from yogo_tui.cli.output import print_json, print_table
    from yogo_tui.cli.planning import preset_of
    from yogo_tui.launch.script import flags

    preset = preset_of(settings_of(args), args.name)
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
    words = [
        word
        for name, flag in zip(Recipe.model_fields, flags(preset.recipe), strict=True)
        if name in others
        for word in flag
    ]
    print(f"\nyogo train DEFINITION {shlex.join(words)}".rstrip())
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
