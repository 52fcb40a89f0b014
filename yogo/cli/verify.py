"""`yogo verify`: whether a run succeeded, and whether its checkpoint is unchanged since."""

from __future__ import annotations

import argparse
from pathlib import Path

from yogo.text.terminal import printable


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "verify",
        help="check a run's receipt and the digest of its best.pth (a fine-tune's script does so before it trains)",
        description="Check that a run finished, and that its best.pth is the one that it wrote. "
        "Exit status: 0 if so, 1 if not.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("run_directory", type=Path, nargs="?", metavar="RUN", help="The run directory.")
    what.add_argument("--checkpoint", type=Path, metavar="PTH", help="Check this file by itself, against --sha256.")
    parser.add_argument("--sha256", metavar="DIGEST", help="The digest that the checkpoint must have.")
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    from yogo.run.directory import RunDirectory
    from yogo.run.result import verify, verify_checkpoint

    if args.checkpoint is not None:
        if not args.sha256:
            args.usage_error("--checkpoint needs --sha256")
        verify_checkpoint(args.checkpoint, args.sha256)
        print(f"{printable(str(args.checkpoint))} is unchanged")
        return 0
    run_directory = RunDirectory(args.run_directory)
    result = verify(run_directory)
    if args.sha256 and result.best_sha256 != args.sha256:
        verify_checkpoint(run_directory.best, args.sha256)
    loss = "none" if result.best_loss is None else f"{result.best_loss:.4g}"
    print(f"{printable(str(args.run_directory))} finished; best.pth is as it was written (validation loss {loss})")
    return 0
