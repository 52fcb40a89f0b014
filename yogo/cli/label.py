"""`yogo label`: label images by a model, for a person to correct."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from yogo.cli.flags import add_json, add_knobs, given
from yogo.review.request import LabelRequest
from yogo.text.output import must_arrive
from yogo.text.terminal import printable, progress_line
from yogo.text.wording import counted

if TYPE_CHECKING:
    from yogo.review.machine_labels import MachineLabels


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "label",
        help="label images by a model, for a person to correct",
        description="Label images by a model, for a person to correct: a label file for each image, the class names, a "
        "dataset definition, and order.csv, which lists the images with the most errors to be expected first. It says "
        "how many of them a person should look at so that no more errors are left than --error allows. A stopped "
        "command goes on where it was; a label file that is there is never replaced.",
    )
    add_knobs(parser, LabelRequest)
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from yogo.review.machine_labels import label

    request = LabelRequest(**given(args, LabelRequest))
    with progress_line(sys.stderr, in_logs=True) as tell:
        made = label(request, tell)
    if args.json:
        must_arrive()
        print(made.model_dump_json(indent=2))
    else:
        print("\n".join(printable(line) for line in _lines(made, str(request.out))))
    return 0


def _lines(made: MachineLabels, out: str) -> Iterator[str]:
    yield f"{counted(made.num_images, 'image')}, {counted(made.num_labels, 'label')}: see {out}"
    if made.problems:
        yield f"note: {counted(len(made.problems), 'image')} could not be read: {made.problems[0]}"
    if made.look_at is None:
        yield made.reckoned
        return
    total = made.num_images + len(made.problems)
    share = made.look_at / max(1, total)
    yield (
        f"Look at the first {made.look_at:,} of {total:,} images ({share:.0%}) in the order of order.csv: then at most "
        f"{made.error:.1%} of the objects are to be expected wrong, or without a label."
    )
    yield f"With no look at all that is {made.error_left[0]:.1%}, after a half {made.error_left[5]:.1%}."
    yield made.reckoned
