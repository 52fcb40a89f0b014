"""`yogo-tui --once SCREEN`: prints a screen as text."""

from __future__ import annotations

import argparse
import re
import shutil

from yogo_tui import asking
from yogo_tui.cli.options import Misuse, place_of

USUAL = (80, 24)
MOST = 1000
OVER = {"doctor": "app.doctor", "settings": "app.settings"}
"""Screens that are no mode, each with the action that opens it."""


def size(text: str) -> tuple[int, int]:
    """Columns and rows, such as 80x24, for argparse. Raises ArgumentTypeError."""
    found = re.fullmatch(r"(\d{1,4})[x×](\d{1,4})", text)
    if not found or not all(1 <= int(one) <= MOST for one in found.groups()):
        raise argparse.ArgumentTypeError(f"{text} is not a size in columns and rows, such as 80x24.")
    return int(found[1]), int(found[2])


def run(args: argparse.Namespace) -> int:
    """Print the screen that `--once` names. Returns the exit status. Raises ConsoleError."""
    from yogo.distribution import installing

    try:
        from yogo_tui.app import Console
        from yogo_tui.screens.printed import printed
    except ImportError as error:
        raise Misuse(f"The console needs {error.name}, which is not installed: {installing('tui')}") from error
    terminal = shutil.get_terminal_size(USUAL)

    async def show() -> int:
        session = await place_of(args).reach().open()
        try:
            over = OVER.get(args.once, "")
            app = Console(session, mode="runs" if over else args.once)
            text = await printed(app, args.size or (terminal.columns, terminal.lines), over)
        finally:
            await session.close()
        print("\n".join(line.rstrip() for line in text.splitlines()))
        return 0

    return asking.run(show())
