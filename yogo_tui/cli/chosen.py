"""`yogo-tui chosen`: look at the images that a model would have labelled next."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from typing import TYPE_CHECKING, Any

from yogo.text.terminal import printable
from yogo_tui.cli.options import Commands, Misuse, add_json, in_library, new_command

if TYPE_CHECKING:
    from yogo_tui.session.library import Library


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "chosen",
        "look at the images that a model would have labelled next, and why",
        "The console opens on them, each with what the model finds on it. The folder's images/ has a link to each: "
        "`yogo label` and other programs take these.",
    )
    parser.add_argument("folder", metavar="FOLDER", help="The folder that yogo next --out has made.")
    parser.add_argument("--show", action="store_true", help="List them here, with the reasons.")
    add_json(parser)
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    if args.show or args.json:
        from yogo.text.output import must_arrive

        must_arrive()
        return in_library(_show)(args)
    from yogo_tui.cli import console, why_no_console

    if why := why_no_console():
        raise Misuse(why)

    def screen() -> Any:
        from yogo_tui.screens.chosen import ChosenScreen

        return ChosenScreen(args.folder)

    return console.run(args, over=screen)


async def _show(library: Library, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json, print_table
    from yogo_tui.questions.chosen import ReadChoice
    from yogo_tui.session.chosen import head_words, row_words

    found = await library.host.ask(ReadChoice(args.folder, library.settings.start))
    if args.json:
        print_json(dataclasses.asdict(found))
        return 0
    rows = [(*row_words(one), str(one.image)) for one in found.rows]
    print_table(("no", "errors", "unlike", "image"), rows, right=("no", "errors", "unlike"))
    for line in head_words(found):
        print(printable(line), file=sys.stderr)
    print(printable(f"Links to them: {found.links}"), file=sys.stderr)
    return 0
