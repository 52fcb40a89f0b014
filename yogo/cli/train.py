"""`yogo train`: train a detector on a dataset definition."""

from __future__ import annotations

import argparse
import functools
import sys

from yogo.cli.flags import add_knobs, given
from yogo.errors import RecipeError
from yogo.training.request import TrainingRequest


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "train",
        help="train a detector on a dataset definition",
        description="Train a detector on a dataset definition. The run is written into the folder RUNS/NAME. "
        "Exit status: 0 finished, 1 failed, 2 usage error, 75 stopped by a signal and saved, 130 stopped by ctrl+c.",
    )
    add_knobs(parser, TrainingRequest)
    add_knobs(parser)
    parser.set_defaults(run=functools.partial(run, parser))


def run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    from yogo.launcher.launch import start

    asked = given(args, TrainingRequest)
    if not {"definition", "resume"} & asked.keys():
        parser.error("name a dataset definition, or the run to --resume")
    if "half" in asked and "precision" in args:
        parser.error("--half and --precision say the same thing: give one of them")
    if asked.get("reset_head") and not {"pretrained", "resume"} & asked.keys():
        parser.error("--reset-head is about the weights of --from-pretrained: name them too")
    request = TrainingRequest(**asked, given=given(args), command=("yogo", *sys.argv[1:]))
    try:
        _ = request.recipe
    except RecipeError as error:
        parser.error(str(error))
    return start(request)
