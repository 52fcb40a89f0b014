"""`yogo anchors`: propose the box to predict from, by the boxes of a dataset definition's training images."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from yogo.cli.flags import add_json
from yogo.text.terminal import printable, redraws
from yogo.text.wording import counted

if TYPE_CHECKING:
    from yogo.anchors import Proposal


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "anchors",
        help="propose the anchor for a dataset definition",
        description="Propose the anchor (the box that the network predicts from) for the training images of a "
        "dataset definition: the geometric mean of their boxes' sizes. The first line is the flags for `yogo train`. "
        "A run from a pretrained file keeps that file's anchor.",
    )
    parser.add_argument("definition", metavar="DEFINITION", type=Path, help="The dataset definition, a YAML file.")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from yogo.anchors import propose
    from yogo.definition import DatasetDefinition
    from yogo.recipe import Recipe

    show = redraws(sys.stderr)
    default = Recipe().anchor_width, Recipe().anchor_height
    try:
        found = propose(DatasetDefinition.from_yaml(args.definition), default, progress=_say if show else None)
    finally:
        if show:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    print(json.dumps(dataclasses.asdict(found), indent=2) if args.json else "\n".join(_lines(found)))
    return 0


def _say(num_pictures: int) -> None:
    print(f"\rreading labels · {num_pictures:,}", end="", file=sys.stderr, flush=True)


def _lines(found: Proposal) -> Iterator[str]:
    names = [printable(name) for name in found.classes]
    width = max(map(len, ("all classes", *names)))
    yield f"--anchor-width {found.anchor_width:.6f} --anchor-height {found.anchor_height:.6f}"
    yield ""
    yield f"Overlap (mean IoU) of an anchor with the boxes of {counted(found.num_pictures, 'training image')}:"
    yield f"{'class':<{width}}  {'boxes':>11}  {'this anchor':>11}  {'the default':>11}"
    for name, fit in zip((*names, "all classes"), (*found.classes.values(), found.total), strict=True):
        yield f"{name:<{width}}  {fit.num_boxes:>11,}  {_shown(fit.mean_iou):>11}  {_shown(fit.default_iou):>11}"


def _shown(iou: float | None) -> str:
    return "-" if iou is None else f"{iou:.3f}"
