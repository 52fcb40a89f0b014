"""`yogo data diff`: what differs between the data of two definitions or runs."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from yogo.cli.flags import add_json
from yogo.text.output import must_arrive
from yogo.text.terminal import printable, progress_line

DIFF = (
    "Compare the data of two definitions or runs: images, labels and boxes that were added, removed or changed, by "
    "class and split. A definition is compared as it is now, and a run as its data.json.gz says that it was. That file "
    "keeps the digests of images and labels, not the boxes: they can be told while the label files are as they were."
)
DIFF_HELP = "A dataset definition, a run directory, or its data.json.gz."


def register(commands: Any) -> None:
    parser = commands.add_parser("data", help="compare the data of definitions and runs", description="Compare data.")
    actions = parser.add_subparsers(metavar="ACTION", required=True, help="What to do with data.")
    diff = actions.add_parser("diff", help="what differs between two of them", description=DIFF)
    diff.add_argument("first", metavar="A", type=Path, help=DIFF_HELP)
    diff.add_argument("second", metavar="B", type=Path, help=DIFF_HELP)
    diff.add_argument(
        "--all",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="Name each image that differs, not the first ten of each kind. (default: no; --json names all)",
    )
    add_json(diff)
    diff.set_defaults(run=run, command="data diff")


def run(args: argparse.Namespace) -> int:
    from yogo.definition.data_difference import MOST_NAMED, data_difference
    from yogo.definition.difference_report import difference_data, difference_report

    must_arrive()
    with progress_line(sys.stderr) as tell:
        found = data_difference(
            args.first,
            args.second,
            memory=_memory(),
            progress=tell,
            most=None if args.all or args.json else MOST_NAMED,
        )
    if args.json:
        print(json.dumps(difference_data(found), indent=2))
    else:
        print("\n".join(printable(line) for line in difference_report(found)))
    return 0


def _memory() -> Path | None:
    try:
        from yogo.datasets.cache import own_folder
    except ModuleNotFoundError:
        return None
    return own_folder()
