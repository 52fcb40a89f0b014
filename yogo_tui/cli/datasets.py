"""`yogo-tui datasets`: list the dataset definitions, or summarise one."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from yogo.text.terminal import printable
from yogo_tui.cli.options import Commands, add_json, in_library, new_command

if TYPE_CHECKING:
    from yogo_tui.session.library import Library


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    from yogo_tui.cli.planning_options import DEFINITION_HELP

    parser = new_command(
        commands,
        "datasets",
        "list the dataset definitions, or count and check one",
        "The list is quick: it reads no image and no label. With FILE, the images and labels of that definition are "
        "read, which may take minutes; the exit status is 1 if something is wrong with it.",
    )
    parser.add_argument(
        "definition", nargs="?", metavar="FILE", help=f"The dataset definition to count and check: {DEFINITION_HELP}"
    )
    add_json(parser)
    parser.set_defaults(run=run)


@in_library
async def run(library: Library, args: argparse.Namespace) -> int:
    return await (_one if args.definition else _all)(library, args)


async def _all(library: Library, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json, terminal_width
    from yogo_tui.questions.definitions import CheckDefinitions
    from yogo_tui.words import cut_middle

    folders = library.settings.definition_folders
    found = await library.host.ask(CheckDefinitions(folders, library.settings.workspace_folder))
    if args.json:
        read = "the files of the definitions, and the names in their folders"
        print_json(
            [{"path": path, "problems": [str(one) for one in problems], "read": read} for path, problems in found]
        )
        return 0
    columns = terminal_width()
    for path, problems in found:
        errors = [problem for problem in problems if problem.is_error]
        print(f"{'✖' if errors else '·'} {cut_middle(str(path), columns - 2) if columns else printable(str(path))}")
        for problem in problems:
            print(f"    {'✖' if problem.is_error else '!'} {printable(str(problem))}")
    if found:
        print("\nThe images and labels were not read. To check them: yogo-tui datasets FILE")
    else:
        print(f"There are no dataset definitions in {printable(', '.join(map(str, folders)))}.", file=sys.stderr)
    return 0


async def _one(library: Library, args: argparse.Namespace) -> int:
    import dataclasses

    from yogo.definition.report import report
    from yogo_tui.cli.output import print_json
    from yogo_tui.cli.planning import definition_of
    from yogo_tui.cli.progress import live
    from yogo_tui.questions.definitions import Survey

    path = await definition_of(library, args.definition, check=False)
    with live() as tell:
        found = await library.host.ask(Survey(path, library.settings.workspace_folder), tell=tell)
    if args.json:
        print_json({"path": path} | dataclasses.asdict(found))
    else:
        print("\n".join(printable(line) for line in report(found)))
    return 1 if found.has_errors else 0
