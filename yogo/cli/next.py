"""`yogo next`: choose the images to label next."""

from __future__ import annotations

import argparse
import shlex
import sys

from yogo.cli.flags import add_json, add_knobs, given
from yogo.review.request import NextRequest
from yogo.text.output import must_arrive
from yogo.text.terminal import printable, progress_line
from yogo.text.wording import counted


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "next",
        help="choose the images to label next",
        description="Choose the images of a folder to label next: those on which the model is unsure, and that are "
        "unlike the labelled ones and each other. It prints their paths, the most useful first, and --out also makes a "
        "folder with links to them. What was found on an image is remembered.",
    )
    add_knobs(parser, NextRequest)
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from yogo.review.chosen import LINKS
    from yogo.review.next_images import next_images

    request = NextRequest(**given(args, NextRequest))
    if not request.out:
        must_arrive()
    with progress_line(sys.stderr, in_logs=True) as tell:
        found = next_images(request, tell)
    if args.json:
        must_arrive()
        print(found.model_dump_json(indent=2))
        return 0
    for problem in found.problems:
        print(f"note: {printable(problem)}", file=sys.stderr)
    chosen = f"{len(found.images):,} of {counted(found.num_images, 'image')} without a label"
    print(f"{chosen}; {counted(found.num_labelled, 'image')} labelled already", file=sys.stderr)
    for one in found.images:
        print(printable(one.image))
    if request.out:
        links = str(request.out / LINKS)
        words = shlex.join(["yogo", "label", str(request.checkpoint), links])
        print(printable(f"links to them: {links}. This labels them: {words} OUT"), file=sys.stderr)
    return 0
