"""`yogo-tui recipes`: list the recipes, show one, and make, change or import one."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from yogo.text.terminal import printable
from yogo_tui.cli.options import Commands, add_json, in_library, new_command
from yogo_tui.cli.recipe_output import NAME_HELP, add_json_below, recipe_json

if TYPE_CHECKING:
    from yogo_tui.session.library import Library


class AnyWord(dict[str, Any]):
    """The actions by name. argparse, which asks whether a word is one of them, may go on with any."""

    def __contains__(self, word: object) -> bool:
        return True


class ActionOrName(argparse._SubParsersAction):  # type: ignore[type-arg]  # its parameter is not there at run time
    """The word behind `recipes`: an action, else the name of a recipe to show."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.choices = AnyWord()

    def add_parser(self, name: str, **settings: Any) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().add_parser(name, **settings)
        self.choices[name] = parser
        return parser

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        known = self._name_parser_map
        super().__call__(parser, namespace, values if values[0] in known else ["show", *values], option_string)


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    from yogo_tui.cli.recipe_edits import register as register_edits

    parser = new_command(
        commands,
        "recipes",
        "list the recipes, show one, and make, change or import one",
        "A recipe holds the settings of a training, such as epochs and learning rate, but not the data. "
        "`yogo-tui recipes NAME` is `yogo-tui recipes show NAME`.",
    )
    add_json(parser)
    parser.set_defaults(run=_all)
    actions = parser.add_subparsers(
        metavar="ACTION", action=ActionOrName, help="What to do with recipes; or the name of a recipe to show."
    )
    show = new_command(
        actions,
        "show",
        "show a recipe",
        "All of its fields are printed beside the defaults, with the `yogo train` command that uses it and the runs "
        "that were launched with it.",
    )
    show.add_argument("name", metavar="RECIPE", help=NAME_HELP)
    show.add_argument("--command", dest="only_command", action="store_true", help="Print the command alone.")
    add_json_below(show)
    show.set_defaults(run=_one)
    register_edits(actions)


@in_library
async def _all(library: Library, args: argparse.Namespace) -> int:
    import asyncio

    from yogo.text.output import must_arrive
    from yogo_tui.cli.output import print_json, print_table
    from yogo_tui.session.library import difference_words, used_by

    must_arrive()
    found, uses = await asyncio.gather(library.presets(), library.uses())
    if args.json:
        print_json([recipe_json(preset, used_by(preset, uses)) for preset in found])
        return 0
    rows = []
    for one in found:
        what = one.problem or difference_words(one.recipe) or "none"
        rows.append([one.slug, one.title, str(one.path or "built in"), str(len(used_by(one, uses)) or ""), what])
    print_table(("name", "title", "file", "runs", "from the defaults"), rows, right=("runs",))
    return 0


@in_library
async def _one(library: Library, args: argparse.Namespace) -> int:
    from yogo.recipe import Recipe, differences
    from yogo.text.output import must_arrive
    from yogo.text.wording import counted
    from yogo_tui.cli.output import print_json, print_table
    from yogo_tui.launch.script import command_of
    from yogo_tui.session.library import used_by

    must_arrive()
    preset = await library.preset(args.name)
    if args.only_command and not args.json:
        print(command_of(preset.recipe))
        return 0
    runs = used_by(preset, await library.uses())
    if args.json:
        print_json(recipe_json(preset, runs))
        return 0
    print(printable(preset.title))
    for line in preset.note.splitlines():
        print(printable(line))
    others = differences(preset.recipe)
    rows = [
        [name, _short(getattr(preset.recipe, name)), _short(others[name][0]) if name in others else ""]
        for name in Recipe.model_fields
    ]
    print()
    print_table(("field", "value", "default"), rows)
    print(f"\n{command_of(preset.recipe)}")
    if runs:
        more = f" and {len(runs) - _MOST_RUNS} more" if len(runs) > _MOST_RUNS else ""
        print(printable(f"\nused by {counted(len(runs), 'run')}: {', '.join(runs[:_MOST_RUNS])}{more}"))
    return 0


_MOST_RUNS = 8


def _short(value: object) -> str:
    from yogo_tui.words import as_typed

    return f"{value:.5g}" if isinstance(value, float) else as_typed(value)
