"""`yogo check`: summarise a dataset definition, and list everything that is wrong with it, or with its data."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yogo.cli.flags import add_json
from yogo.text.output import must_arrive
from yogo.text.terminal import printable, progress_line

if TYPE_CHECKING:
    from yogo.definition import DatasetSummary
    from yogo.health.finding import DataHealth

_WHAT = (
    "Count the images, labels and classes of a dataset definition, and report everything that is wrong with it. Of a "
    "file of samples, it counts the images and tells what is known of each sample."
)


def register(commands: Any) -> None:
    parser = commands.add_parser("check", help="count and check a dataset definition", description=_WHAT)
    parser.add_argument(
        "definition", metavar="DEFINITION", help="The dataset definition, or a file of samples: a YAML file."
    )
    parser.add_argument(
        "--deep",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="Look at what the images show and where the boxes are too: near-duplicates within and across the splits, "
        "boxes drawn twice, boxes out of the image or of an odd size, classes missing in a split, images that are much "
        "darker, brighter or more blurred than the rest. docs/labels.md says what to do about each. (default: no)",
    )
    parser.add_argument(
        "--against",
        metavar="RUN",
        type=Path,
        help="With --deep: also look for validation and test images that this run was trained on, such as the parent "
        "of a fine-tune. A run directory, or its data.json.gz.",
    )
    add_json(parser)
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    from yogo.definition.samples_file import is_samples_file

    if args.against and not args.deep:
        args.usage_error("--against needs --deep")
    if is_samples_file(Path(args.definition)):
        return _samples(args)
    with progress_line(sys.stderr) as tell:
        found = _survey(args.definition, tell)
        health = _health(args, tell) if args.deep else None
    if args.json:
        must_arrive()  # a program reads it, also when it reports errors
        said = dataclasses.asdict(found) | {"roles": found.roles.model_dump() if found.roles else None}
        if health is not None:
            from yogo.health.report import as_data

            said["health"] = as_data(health)
        print(json.dumps(said, default=str, indent=2))
    else:
        print("\n".join(printable(line) for line in _lines(found, health)))
    return 1 if found.has_errors else 0


def _samples(args: argparse.Namespace) -> int:
    from yogo.definition.samples_file import samples_of
    from yogo.definition.samples_report import as_data, samples_report

    if args.deep:
        args.usage_error("--deep looks at the images of a definition; this is a file of samples")
    found = samples_of(Path(args.definition)).counted()
    if args.json:
        must_arrive()
        print(json.dumps(as_data(found), default=str, indent=2))
    else:
        print("\n".join(printable(line) for line in samples_report(found)))
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


def _health(args: argparse.Namespace, tell: Callable[[str, int, int], None]) -> DataHealth:
    from yogo.datasets.cache import own_folder
    from yogo.health.deep import deep_check

    return deep_check(args.definition, memory=own_folder(), progress=tell, against=args.against)


def _lines(found: DatasetSummary, health: DataHealth | None) -> Iterator[str]:
    from yogo.definition.report import report

    yield from report(found)
    if health is not None:
        from yogo.health.report import report as report_health

        yield ""
        yield from report_health(health)
