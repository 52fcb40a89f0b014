"""`yogo claim`: a job script runs it first, so that one launch trains once."""

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
    )
    parser.add_argument("run_directory", type=Path, metavar="RUN", help="The run directory.")
    parser.add_argument("--token", required=True, help="The launch's token, which is in launch.json.")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from yogo.run.directory import RunDirectory
    from yogo.run.disk import patiently
    from yogo.run.lease import claim

    run = RunDirectory(args.run_directory)
    _check_launch(run, args.token)
    patiently(lambda: claim(run, args.token), lambda sentence: print(sentence, file=sys.stderr))
    return 0


def _check_launch(run: RunDirectory, token: str) -> None:
    """Raises RunError for a job whose launch was discarded: its run is gone, or another run has its name."""
    from yogo.errors import RunError
    from yogo.run.launch import Launch

    try:
        tokens = Launch.read(run.launch).tokens
    except FileNotFoundError:
        if run.path.is_dir():
            return
        raise RunError(f"{run.path} no longer exists: this job has nothing to do") from None
    except RunError:  # a damaged file does not prevent training
        return
    if token not in tokens:
        raise RunError(f"{run.path} now belongs to another launch: this job has nothing to do")
