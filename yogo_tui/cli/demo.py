"""`yogo-tui demo`: make a workspace with synthetic images, and open the console there or train without it."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from yogo.text.terminal import printable, redraws
from yogo_tui import asking
from yogo_tui.cli.options import Commands, new_command

_WORKSPACE = Path("yogo-demo")


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "demo",
        "try the console on synthetic images, on this machine",
        "The images are made first, in the folder yogo-demo or in the one that --workspace names. Nothing outside that "
        "folder changes.",
    )
    parser.add_argument(
        "--headless",
        action="store_true",
        help="Do not open the console: train and fine-tune, and print the progress and the results.",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from yogo_tui.cli import demo_chain

    workspace = args.workspace or _WORKSPACE
    settings = asking.run(demo_chain.prepare(workspace))
    if args.headless or not (sys.stdin.isatty() and redraws(sys.stdout)):
        status = asking.run(demo_chain.run_chain(settings))
        print(printable(come_back(workspace)))
        return status
    from yogo_tui.app import run_console
    from yogo_tui.session import Session

    return run_console(Session.open(settings), mode="launch", goodbye=printable(come_back(workspace)))


def come_back(workspace: Path) -> str:
    """A sentence on where the demo is, and how to open it again."""
    from yogo_tui.leaving import program

    chosen = f" --workspace {shlex.quote(str(workspace))}" if workspace != _WORKSPACE else ""
    command = shlex.join(program(sys.argv[0]))
    return (
        f"The demo and its runs are in {workspace}. Open it again: {command}{chosen} demo. "
        "Delete that folder to start over."
    )
