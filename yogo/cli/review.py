"""`yogo review`: rank the labels of a dataset definition by how much a model disagrees with them."""

from __future__ import annotations

import argparse
import functools
import shlex
import sys
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from yogo.cli.flags import add_json, add_knobs, given
from yogo.review.request import ReviewRequest, misuse
from yogo.text.output import must_arrive
from yogo.text.terminal import printable, progress_line
from yogo.text.wording import counted

if TYPE_CHECKING:
    from yogo.review.ranking import Ranking

SHOWN = 3
"""Suspects that are printed of each kind."""

_NAMES = {
    "twice": "labels of one object twice",
    "overlooked": "objects without a label",
    "badly_placed": "badly placed, or of nothing",
    "wrong_class": "wrong class",
}

SURE = 0.5


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "review",
        help="rank labels by how much a model disagrees with them",
        description="Rank the labels of a dataset definition by how much a model disagrees with them: objects without "
        "a label, badly placed boxes, wrong classes, and labels of one object twice. The ranking is written into a "
        "review folder, where `yogo-tui` shows it as a queue; no label is changed. What the model found is remembered, "
        "so a stopped command goes on where it was. The flags below that name a recipe's fields need --folds, and "
        "change its recipe.",
    )
    add_knobs(parser, ReviewRequest)
    add_json(parser)
    add_knobs(parser)
    parser.set_defaults(run=functools.partial(run, parser))


def run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    request, flags = ReviewRequest(**given(args, ReviewRequest)), given(args)
    if wrong := misuse(request, flags):
        parser.error(wrong)
    from yogo.review.reviewing import review, review_folder

    with progress_line(sys.stderr, in_logs=True) as tell:
        ranking = review(request, flags, tell)
    if args.json:
        must_arrive()
        print(ranking.model_dump_json(indent=2))
    else:
        print("\n".join(printable(line) for line in _lines(ranking, str(review_folder(request)))))
    return 0


def _lines(ranking: Ranking, folder: str) -> Iterator[str]:
    from yogo.review.reviewing import said_of_problems

    counts = Counter(one.kind.value for one in ranking.suspects if one.score >= SURE)
    yield f"{counted(ranking.num_labels, 'label')} on {counted(ranking.num_images, 'image')}. {ranking.judged}"
    width = max(map(len, _NAMES.values()))
    for kind, name in _NAMES.items():
        yield ""
        yield f"{name:<{width}}  {counts[kind]:>7,} above a score of {SURE}"
        for one in [one for one in ranking.suspects if one.kind.value == kind and one.score >= SURE][:SHOWN]:
            place = f"{one.label_file or one.image}{f', line {one.line}' if one.line else ''}"
            yield f"  {one.score:.2f}  {place}: {one.why}"
    yield ""
    if said := said_of_problems(ranking):
        yield f"note: {said}"
    kept = len(ranking.suspects)
    first = f"the first {kept:,} of {ranking.num_ranked:,}" if kept < ranking.num_ranked else f"all {kept:,}"
    yield f"The ranking ({first}) is in {folder}; to decide about each: yogo-tui review {shlex.quote(folder)}"
