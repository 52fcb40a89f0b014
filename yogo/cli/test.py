"""`yogo test`: measure a checkpoint on the test images of a dataset definition."""

from __future__ import annotations

import argparse
import sys

from yogo.cli.flags import add_knobs, given
from yogo.text.output import must_arrive
from yogo.training.request import CheckpointTest, SharedRequest, TrainingRequest


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "test",
        help="test a checkpoint on a dataset definition",
        description="Test a checkpoint on the test images of a dataset definition. If the run's data.json.gz lies "
        "beside the checkpoint, these are images that it was not trained on. Every figure counts false alarms and "
        "missed cells.",
    )
    add_knobs(parser, CheckpointTest)
    add_knobs(parser, SharedRequest, required=("definition",))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from yogo.launcher.launch import start

    test = CheckpointTest(**given(args, CheckpointTest))
    request = TrainingRequest(
        **given(args, SharedRequest),
        runs=test.checkpoint.absolute().parent.parent,
        wandb=None if test.wandb else "disabled",
        command=("yogo", *sys.argv[1:]),
        test=test,
    )
    if request.only_prints:
        must_arrive()
    return start(request)
