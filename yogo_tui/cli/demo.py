"""`yogo-tui demo`: a small workspace with made-up pictures; the console there, or the whole chain without one."""

from __future__ import annotations

import argparse
import asyncio
import shlex
import sys
from pathlib import Path

from yogo.terminal import printable, redraws
from yogo_tui.cli.options import Commands, new_command
from yogo_tui.leaving import program

_WORKSPACE = Path("yogo-demo")


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(commands, "demo", "train and fine-tune on made-up pictures, on this machine")
    parser.add_argument("--headless", action="store_true", help="no console: run pre-train and fine-tune, and tell")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from yogo_tui import demo

    workspace = args.workspace or _WORKSPACE
    settings = asyncio.run(demo.prepare(workspace))
    if args.headless or not (sys.stdin.isatty() and redraws(sys.stdout)):
        status = asyncio.run(demo.run_chain(settings))
        print(printable(come_back(workspace)))
        return status
    from yogo_tui.app import run_console

    return run_console(settings, mode="launch", goodbye=printable(come_back(workspace)))


def come_back(workspace: Path) -> str:
    """Where the demo lies, and how to open it again."""
    chosen = f" --workspace {shlex.quote(str(workspace))}" if workspace != _WORKSPACE else ""
    command = shlex.join(program(sys.argv[0]))
    return (
        f"The demo and its runs lie in {workspace}. Open it again: {command}{chosen} demo. "
        "Delete that folder to begin anew."
    )
