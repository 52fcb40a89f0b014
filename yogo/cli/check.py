"""`yogo check`: what a dataset definition amounts to, and everything that is wrong with it."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from typing import Any

from yogo.terminal import printable


def register(commands: Any) -> None:
    parser = commands.add_parser(
        "check", help="count and check a dataset definition", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("definition", metavar="DEFINITION", help="the YAML file")
    parser.add_argument("--json", action=argparse.BooleanOptionalAction, default=False, help="print JSON, for programs")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from yogo.definition import survey

    show = sys.stderr.isatty()
    found = survey(args.definition, progress=_say if show else None)
    if show:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    if args.json:
        print(json.dumps(dataclasses.asdict(found), default=str, indent=2))
    else:
        from yogo.definition.report import report

        print("\n".join(printable(line) for line in report(found)))
    return 1 if found.has_errors else 0


def _say(num_pictures: int) -> None:
    print(f"\rcounting pictures · {num_pictures:,}", end="", file=sys.stderr, flush=True)
