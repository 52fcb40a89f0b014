"""`yogo assay`: what a model's counts are worth, and how many targets per microlitre the counts of a sample mean."""

from __future__ import annotations

import argparse
from typing import Any

from yogo.cli.assay_counts import add_counts, tell_of_counts
from yogo.cli.flags import add_knobs, given
from yogo.evaluation.assay_request import AssayRequest

ABOUT = (
    "Tell what a model's counts are worth: its false positives, the least that it sees (limit of detection) and the "
    "best threshold, and how many targets per microlitre each sample has, with intervals of 95 %. Of a dataset "
    "definition with roles it looks at the test images, as `yogo test` does; a file of samples names folders or zarr "
    "stores that need no labels. With --counts it tells of counts that were made elsewhere: a JSON list of objects "
    "with `kind` (skip: uncorrected; deskew: by the confusion matrix; compensate: by the line at a threshold), "
    "`counts` of each class, and, where the kind needs them, `model`, `clinical` and `threshold`. The classes are "
    "healthy, ring, trophozoite, schizont, gametocyte, wbc and misc, or those that `classes` and `roles` of the "
    "object, or --roles, name. A known value is `target_per_microlitre` (0: negative); the same `sample` at several "
    "thresholds is one."
)
_OF_COUNTS = ("cells", "mix", "as_json")


def register(commands: Any) -> None:
    parser = commands.add_parser("assay", help="targets per microlitre, and what a model can see", description=ABOUT)
    add_knobs(parser, AssayRequest)
    add_counts(parser)
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    asked = given(args, AssayRequest)
    request = AssayRequest(**asked)
    if args.counts is not None:
        if [name for name in asked if name not in _OF_COUNTS]:
            args.usage_error("--counts goes with --data, --roles, --limits, --cells, --mix and --json alone")
        if (request.cells or request.mix) and not args.limits:
            args.usage_error("with --counts, --cells and --mix need --limits")
        return tell_of_counts(args, request)
    if args.data or args.roles or args.limits:
        args.usage_error("--data, --roles and --limits go with --counts")
    if request.checkpoint is None or request.source is None:
        args.usage_error("name PTH and DEFINITION_OR_SAMPLES, or --counts FILE")
    from yogo.cli.assay_model import tell_of_model

    return tell_of_model(request)
