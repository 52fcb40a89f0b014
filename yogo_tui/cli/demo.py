"""`yogo-tui demo`: a small workspace with made-up pictures; the console there, or the whole chain without one."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from yogo_tui.cli.options import Commands, new_command


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(commands, "demo", "train and fine-tune on made-up pictures, on this machine")
    parser.add_argument("--headless", action="store_true", help="no console: run pre-train and fine-tune, and tell")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from yogo_tui import demo

    workspace = args.workspace or Path("yogo-demo")
    settings = asyncio.run(demo.prepare(workspace))
    if args.headless or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return asyncio.run(demo.run_chain(settings))
    from yogo_tui.app import open_console

    asyncio.run(open_console(settings, mode="launch"))
    return 0
