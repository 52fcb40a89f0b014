"""`yogo claim`: what a job's script asks first, so that one launch trains once."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from yogo.run.directory import RunDirectory


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "claim",
        help="claim a launch for the job that this runs in (used by job scripts)",
        description="Claim a launch for the job that this runs in, so that one launch trains once. Job scripts use it.",
        allow_abbrev=False,
    )
    parser.add_argument("run_directory", type=Path, metavar="RUN", help="the run directory")
    parser.add_argument("--token", required=True, help="the launch's token, as launch.json has it")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from yogo.run.directory import RunDirectory
    from yogo.run.lease import claim
    from yogo.training.disk import patiently

    run = RunDirectory(args.run_directory)
    _check_launch(run, args.token)
    patiently(lambda: claim(run, args.token), lambda sentence: print(sentence, file=sys.stderr))
    return 0


def _check_launch(run: RunDirectory, token: str) -> None:
    """Raises RunError for a job of a launch that was forgotten: its run is gone, or another has its name."""
    from yogo.errors import RunError
    from yogo.run.launch import Launch

    try:
        tokens = Launch.read(run.launch).tokens
    except FileNotFoundError:
        if run.path.is_dir():
            return
        raise RunError(f"{run.path} is not there any more: this job has nothing to do") from None
    except RunError:  # a damaged file is no reason not to train
        return
    if token not in tokens:
        raise RunError(f"{run.path} is another launch's by now: this job has nothing to do")
