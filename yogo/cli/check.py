"""`yogo check`: summarise a dataset definition, and list everything that is wrong with it."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from yogo.cli.flags import add_json
from yogo.text.output import must_arrive
from yogo.text.terminal import printable, redraws

if TYPE_CHECKING:
    from yogo.definition import DatasetSummary

_WHAT = "Count the images, labels and classes of a dataset definition, and report everything that is wrong with it."


def register(commands: Any) -> None:
    parser = commands.add_parser("check", help="count and check a dataset definition", description=_WHAT)
    parser.add_argument("definition", metavar="DEFINITION", help="The dataset definition, a YAML file.")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from yogo.definition.report import report

    show = redraws(sys.stderr)
    try:
        found = _survey(args.definition, _say if show else lambda *_: None)
    finally:
        if show:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    if args.json:
        must_arrive()  # a program reads it, also when it reports errors
        print(json.dumps(dataclasses.asdict(found), default=str, indent=2))
    else:
        print("\n".join(printable(line) for line in report(found)))
    return 1 if found.has_errors else 0


def _survey(definition: str, tell: Callable[[str, int, int], None]) -> DatasetSummary:
    """The summary, with a look into the images where a decoder is installed: the console alone has none."""
    try:
        from yogo.datasets.cache import own_folder
        from yogo.images.checking import full_survey
    except ModuleNotFoundError:
        from yogo.definition import survey

        return survey(definition, progress=lambda done: tell("reading labels", done, 0))
    return full_survey(definition, memory=own_folder(), progress=tell)


def _say(what: str, done: int, total: int) -> None:
    of = f" of {total:,}" if total else ""
    print(f"\r{what} · {done:,}{of}\x1b[K", end="", file=sys.stderr, flush=True)
