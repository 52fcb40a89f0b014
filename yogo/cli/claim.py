"""`yogo claim`: what a job's script asks first, so that one launch trains once."""

from __future__ import annotations

import argparse
from pathlib import Path


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "claim", help="claim a launch for the job that this runs in (used by job scripts)", allow_abbrev=False
    )
    parser.add_argument("run_directory", type=Path, metavar="RUN", help="the run directory")
    parser.add_argument("--token", required=True, help="the launch's token, as launch.json has it")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from yogo.run.directory import RunDirectory
    from yogo.run.lease import claim

    claim(RunDirectory(args.run_directory), args.token)
    return 0
