"""`yogo compare`: which of two models, or of two recipes with a few seeds each, is better on the same test images."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yogo.cli.flags import add_json
from yogo.text.terminal import printable, progress_line
from yogo.text.wording import counted

if TYPE_CHECKING:
    from yogo.metrics.saved_tests import SavedComparison

ABOUT = (
    "Compare saved tests on the images that all of them have: each difference with its interval of 95 %, or that no "
    "difference is seen, and how many images or seeds would show one. A run keeps its own test; `yogo test PTH "
    "DEFINITION --dump-to-disk` keeps one of any checkpoint. Several models on each side are taken as seeds of one "
    "recipe: their means are compared, and the spread over seeds is in the interval."
)
TEST_HELP = "A run directory, a checkpoint whose last test was kept, or the .images.json.gz of a test."


def register(commands: Any) -> None:
    parser = commands.add_parser("compare", help="compare models by their saved tests", description=ABOUT)
    parser.add_argument("models", metavar="MODEL", type=Path, nargs="+", help=TEST_HELP)
    parser.add_argument(
        "--against", metavar="MODEL", type=Path, nargs="+", required=True, help="What they are compared with. Likewise."
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from yogo.metrics.saved_tests import compare_tests

    with progress_line(sys.stderr) as tell:
        found = compare_tests(args.models, args.against, lambda done, total: tell("comparing", done, total))
    if args.json:
        print(json.dumps(_data(found), indent=2))
    else:
        for line in _lines(found):
            print(printable(line))
    return 0


def _data(found: SavedComparison) -> dict[str, Any]:
    from yogo.metrics.verdict import figure_data

    return {
        "num_models": found.num_models,
        "num_images": found.num_images,
        "is_over_seeds": found.is_over_seeds,
        "figures": [figure_data(one, found.num_images, found.seeds.get(one.key)) for one in found.figures],
    }


def _lines(found: SavedComparison) -> list[str]:
    from yogo.metrics.verdict import amount, verdict, would_show

    over = counted(found.num_images, "test image")
    if found.num_models != (1, 1):
        over += f", means of {found.num_models[0]} and {counted(found.num_models[1], 'model')}"
    lines = [f"the first against the second, on {over}"]
    for one in found.figures:
        values = f"{amount(one.key, one.first)} against {amount(one.key, one.second)}"
        lines.append(f"{one.key:<12}{values:<20}{verdict(one)}")
        if takes := would_show(one, found.num_images, found.seeds.get(one.key)):
            lines.append(f"{'':<32}{takes}")
    luck = "what another seed would change is in them" if found.is_over_seeds else "another seed may change more"
    return [*lines, f"Intervals of 95 %, over images; {luck}."]
