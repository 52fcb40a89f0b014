"""`yogo-tui data diff`: what differs between the data of two definitions or runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from yogo.text.terminal import printable
from yogo_tui.cli.options import Commands, add_json, in_library, new_command

if TYPE_CHECKING:
    from yogo_tui.session.library import Library

_WHAT = "A run, by its name or directory, or a dataset definition, whose name ends in .yml or .yaml."


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "data",
        "compare the data of definitions and runs",
        "What `yogo data` does, on the machine where the data lie.",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True, help="What to do with data.")
    diff = new_command(
        actions,
        "diff",
        "show what differs between two definitions or runs",
        "Images, labels and boxes that were added, removed or changed, by class and split. A definition is compared as "
        "it is now, and a run as its data.json.gz says that it was. That file keeps the digests of images and labels, "
        "not the boxes: they can be told while the label files are as they were.",
    )
    diff.add_argument("first", metavar="A", help=_WHAT)
    diff.add_argument("second", metavar="B", help=_WHAT)
    diff.add_argument(
        "--all", action="store_true", help="Name each image that differs, not the first ten of each kind."
    )
    add_json(diff)
    diff.set_defaults(run=run)


@in_library
async def run(library: Library, args: argparse.Namespace) -> int:
    from yogo.definition.data_difference import MOST_NAMED
    from yogo.definition.difference_report import difference_data, difference_report
    from yogo_tui.cli.output import print_json
    from yogo_tui.cli.progress import live
    from yogo_tui.questions.data import DiffData

    first, second = await _path(library, args.first), await _path(library, args.second)
    most = None if args.all or args.json else MOST_NAMED
    with live() as tell:
        found = await library.host.ask(DiffData(first, second, library.settings.workspace_folder, most), tell=tell)
    if args.json:
        print_json(difference_data(found))
    else:
        print("\n".join(printable(line) for line in difference_report(found)))
    return 0


async def _path(library: Library, text: str) -> Path:
    from yogo_tui.cli.planning import definition_of

    if text.endswith((".yml", ".yaml")):
        return await definition_of(library, text, check=False)
    return await library.run_path(text)
