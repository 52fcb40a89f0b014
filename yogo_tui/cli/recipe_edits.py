"""`yogo-tui recipes save`, `copy`, `rename`, `import` and `delete`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from yogo.text.terminal import printable
from yogo.text.wording import listed
from yogo_tui.advice import tui
from yogo_tui.cli.options import RUN_HELP, Commands, Misuse, in_library, in_session, new_command
from yogo_tui.cli.recipe_output import NAME_HELP, add_json_below, recipe_json

if TYPE_CHECKING:
    from yogo.presets import Preset
    from yogo.recipe import Recipe
    from yogo_tui.session import Session
    from yogo_tui.session.library import Library

_TITLE_HELP = "Its title. The file in the folder of your recipes is called as the title."
_SET_HELP = "Change fields, such as epochs=16, lr=0.001, image_hw=193x258 or no-flips."
_NOTE_HELP = "A text that says what it is for."


def register(actions: Commands[argparse.ArgumentParser]) -> None:
    save = _action(actions, "save", "change a recipe of yours", _save, "Comments in its file stay.")
    save.add_argument("name", metavar="RECIPE", help=NAME_HELP)
    _add_set(save)
    save.add_argument("--note", metavar="TEXT", help=f"{_NOTE_HELP} (default: leave it as it is)")
    copy = _action(actions, "copy", "save a copy of a recipe under a title of yours", _copy)
    copy.add_argument("name", metavar="RECIPE", help=NAME_HELP)
    copy.add_argument("title", metavar="TITLE", help=_TITLE_HELP)
    _add_set(copy)
    copy.add_argument("--note", metavar="TEXT", help=f"{_NOTE_HELP} (default: says what it was copied from)")
    rename = _action(
        actions,
        "rename",
        "give a recipe of yours another title",
        _rename,
        "Its file is renamed too, if it is called as the title was.",
    )
    rename.add_argument("name", metavar="RECIPE", help=NAME_HELP)
    rename.add_argument("title", metavar="TITLE", help="Its new title.")
    _register_import(actions)
    delete = _action(
        actions,
        "delete",
        "delete recipes of yours",
        _delete,
        "They are moved to the folder .trash beside their files.",
    )
    delete.add_argument("names", nargs="*", metavar="RECIPE", help="The recipes: their names or their files.")
    delete.add_argument("--undo", action="store_true", help="Bring back the recipe that was deleted last.")
    delete.add_argument("--yes", action="store_true", help="Do not ask for confirmation.")


def _register_import(actions: Commands[argparse.ArgumentParser]) -> None:
    parser = _action(
        actions,
        "import",
        "save the recipe in a command line, or that of a run, under a title of yours",
        lambda args: (_import_run if args.run_name else _import_line)(args),
        "What could not be taken over is printed.",
    )
    parser.add_argument("title", metavar="TITLE", help=_TITLE_HELP)
    parser.add_argument(
        "line",
        nargs="?",
        metavar="LINE",
        help="A command line with `yogo train` in it, in quotes; what stands before it, such as sbatch and a script, "
        "may stay. - reads it from the standard input.",
    )
    parser.add_argument("--run", dest="run_name", metavar="RUN", help=f"Take the recipe of a run. {RUN_HELP}")
    parser.add_argument("--note", metavar="TEXT", default="", help=f"{_NOTE_HELP} (default: where it comes from)")


def _action(
    actions: Commands[argparse.ArgumentParser], name: str, help: str, run: object, *more: str
) -> argparse.ArgumentParser:
    parser = new_command(actions, name, help, *more)
    add_json_below(parser)
    parser.set_defaults(run=run)
    return parser


def _add_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set", dest="changes", nargs="+", action="extend", default=[], metavar="FIELD=VALUE", help=_SET_HELP
    )


def _changed(recipe: Recipe, texts: Sequence[str]) -> Recipe:
    """`recipe` with each `field=value` applied. Raises Misuse."""
    from yogo.recipe import UnfitValues
    from yogo_tui.cli.planning import refused
    from yogo_tui.session.changes import NoSuchChange, changed_recipe

    try:
        return changed_recipe(recipe, texts)
    except (NoSuchChange, UnfitValues) as error:
        raise refused(error) from error


def _say(args: argparse.Namespace, preset: Preset, left: Sequence[str] = ()) -> int:
    from yogo_tui.cli.output import print_json

    for one in left:
        print(printable(f"! not taken over: {one}"), file=sys.stderr)
    if args.json:
        print_json({**recipe_json(preset), "left": list(left)})
    else:
        print(printable(f"saved {preset.title} as {preset.path}; to launch it: --recipe {preset.slug}"))
    return 0


@in_library
async def _save(library: Library, args: argparse.Namespace) -> int:
    from dataclasses import replace

    from yogo_tui.session.library import own_path

    preset = await library.preset(args.name)
    path = own_path(preset)
    if not args.changes and args.note is None:
        raise Misuse("Nothing is to be changed: give --set FIELD=VALUE or --note TEXT.")
    note = preset.note if args.note is None else args.note
    changed = replace(preset, recipe=_changed(preset.recipe, args.changes), note=note)
    return _say(args, await library.save(changed, path, seen=preset.seen))


@in_library
async def _copy(library: Library, args: argparse.Namespace) -> int:
    from yogo.presets import copied

    preset = await library.preset(args.name)
    note = copied(preset, args.title).note if args.note is None else args.note
    return _say(args, await library.add(args.title, _changed(preset.recipe, args.changes), note))


@in_library
async def _rename(library: Library, args: argparse.Namespace) -> int:
    preset = await library.preset(args.name)
    return _say(args, await library.describe(preset, args.title, preset.note))


@in_library
async def _import_line(library: Library, args: argparse.Namespace) -> int:
    if args.line is None:
        raise Misuse("LINE is missing: give a command line with `yogo train` in it, - to read it, or --run RUN.")
    recipe, left = await library.read_command(sys.stdin.read() if args.line == "-" else args.line)
    note = args.note or "Imported from a command line."
    return _say(args, await library.add(args.title, recipe, note), left)


@in_session
async def _import_run(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.session.library import recipe_of

    if args.line is not None:
        raise Misuse("--run RUN and a command line exclude each other.")
    run = await session.runs.find(args.run_name)
    recipe, left = recipe_of(run)
    note = args.note or f"As {run.name} had it."
    return _say(args, await session.library.add(args.title, recipe, note), left)


@in_library
async def _delete(library: Library, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import confirm, print_json
    from yogo_tui.session.library import own_path

    if args.undo:
        return await _undo(library, args)
    if not args.names:
        raise Misuse("Name the recipes to delete, or use --undo.")
    presets = [await library.preset(name) for name in dict.fromkeys(args.names)]
    paths = [own_path(preset) for preset in presets]
    titles = listed(preset.title for preset in presets)
    if not confirm(f"Delete {titles}? `{tui()} recipes delete --undo` brings back.", yes=args.yes):
        return 1
    for preset, path in zip(presets, paths, strict=True):
        await library.remove(path, seen=preset.seen)
    if args.json:
        print_json([{"name": preset.slug, "title": preset.title, "path": preset.path} for preset in presets])
    else:
        print(printable(f"deleted {titles}; to bring back the last: {tui()} recipes delete --undo"))
    return 0


async def _undo(library: Library, args: argparse.Namespace) -> int:
    from yogo.errors import RecipeError

    if args.names:
        raise Misuse("--undo brings back the recipe that was deleted last: name none.")
    removed = await library.removed()
    if not removed:
        raise RecipeError("No deleted recipe is kept.")
    return _say(args, await library.restore(removed[0]))
