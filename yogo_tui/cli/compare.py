"""`yogo-tui compare`: runs beside each other, what differs and their figures."""

from __future__ import annotations

import argparse
import math
import sys
from typing import TYPE_CHECKING, Any

from yogo.text.terminal import printable
from yogo_tui.cli.options import RUN_HELP, Commands, add_json, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.comparing.assays import AssayPair
    from yogo_tui.comparing.comparison import Comparison
    from yogo_tui.comparing.pairs import PairInWords
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "compare",
        "compare runs: what differs, and their figures",
        "What is the same in all runs is left out. ◆ marks the best value of a row, and ≠ one that cannot be ranked, "
        "such as a loss with other settings. Runs that differ by their seed alone have mean and standard deviation. "
        "Where two runs were tested on the same images, it says by how much the one is better, with the interval of "
        "95 % over images, or that no difference is seen, and what would show one. Of assays on the same images it "
        "tells that of the limit of detection, false positives and sensitivity.",
    )
    parser.add_argument("names", nargs="+", metavar="RUN", help=RUN_HELP)
    parser.add_argument("--classes", action="store_true", help="Show the figures of each class too.")
    add_output(parser, "the comparison")
    add_json(parser)
    parser.set_defaults(run=run)


def add_output(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--output",
        metavar="FILE",
        help=f"Write {what} to FILE on this machine, by the end of its name: .html is a report that holds everything, "
        ".csv, .md and .tex are the tables, .svg and .png the plots.",
    )
    parser.add_argument("--force", action="store_true", help="Replace FILE if it exists.")


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json, print_table
    from yogo_tui.cli.progress import live
    from yogo_tui.comparing.exporting import PLOTS, suffix_of
    from yogo_tui.comparing.tables import BY_CLASS, tables
    from yogo_tui.session.comparing import save

    with_images = bool(args.output) and suffix_of(args.output) == ".html"
    runs = await session.runs.find_all(args.names)
    with live() as tell:
        found = await session.compare(runs, with_images=with_images, tell=tell)
        if not args.output or suffix_of(args.output) not in PLOTS:
            found = await session.image_by_image(found, tell=tell)
    if args.output:
        print(f"written: {printable(str(await save(found, args.output, is_forced=args.force)))}")
        return 0
    if args.json:
        print_json(comparison_json(found))
        return 0
    if not found.differences:
        print("Nothing is known to differ between these runs.\n")
    for table in tables(found):
        if table.title == BY_CLASS and not args.classes:
            continue
        head = [table.title, *table.head[1:]]
        print_table(head, table.lines(), right=head[1:] if table.is_numbers else ())
        print()
    for note in found.notes:
        print(printable(note), file=sys.stderr)
    return 0


def comparison_json(found: Comparison) -> dict[str, Any]:
    """Values in the order of the runs; runs are named by their numbers, from 0."""
    return {
        "runs": [{"name": one.label, "path": one.run.path, "state": one.run.state} for one in found.subjects],
        "differences": [
            {"name": row.label, "values": [value or None for value in row.values]} for row in found.differences
        ],
        "figures": [
            {
                "name": one.label,
                "values": one.values,
                "best": sorted(one.best),
                "not_comparable": sorted(one.others),
                "seeds": [_spread_json(one.spread(group)) for group in found.seeds],
            }
            for one in found.figures
        ],
        "seeds": found.seeds,
        "image_by_image": [_pair_json(one) for one in found.pairs],
        "by_assay": [_assay_json(one) for one in found.assays.pairs],
        "notes": found.notes,
    }


def _assay_json(pair: AssayPair) -> dict[str, Any]:
    return {
        "first": pair.first,
        "second": pair.second,
        "figures": [
            {
                "name": one.label,
                "values": one.values,
                "difference": one.difference,
                "interval": [None if math.isinf(end) else end for end in (one.low, one.high)],
                "is_seen": one.is_seen,
                "num_paired": one.num_paired,
                "verdict": one.verdict,
            }
            for one in pair.differences
        ],
    }


def _pair_json(one: PairInWords) -> dict[str, Any]:
    from yogo.metrics.verdict import figure_data

    pair = one.pair
    return {
        "first": pair.first,
        "second": pair.second,
        "files": pair.files,
        "num_images": pair.num_images,
        "num_of_each": pair.num_of_each,
        "num_relabelled": pair.num_relabelled,
        "is_compared": bool(pair.figures),
        "figures": [figure_data(figure, pair.num_images, one.seeds_to_show(figure)) for figure in pair.figures],
    }


def _spread_json(spread: tuple[float, float] | None) -> dict[str, float] | None:
    return {"mean": spread[0], "sd": spread[1]} if spread else None
