"""Opens the console."""

from __future__ import annotations

import argparse
import asyncio
import importlib
from collections.abc import Callable
from typing import Any

from yogo.distribution import installing
from yogo_tui import asking
from yogo_tui.cli.options import Misuse, place_of
from yogo_tui.hosts.asker import ComingAsker
from yogo_tui.opening import Reached


def run(args: argparse.Namespace, over: Callable[[], Any] | None = None) -> int:
    """Open the console; `over` makes a screen to begin with. Returns the exit status. Raises Misuse where Textual is
    not installed; ConsoleError."""
    place, asker = place_of(args), ComingAsker()
    there = place.reach(asker)
    try:
        return asking.run(_far(there, asker, over)) if there.far else _here(there, over)
    except ImportError as error:
        raise Misuse(f"The console needs {error.name}, which is not installed: {installing('tui')}") from error


def _here(there: Reached, over: Callable[[], Any] | None) -> int:
    status: int = _app().run_console(there.open(), there=there, over=over)
    return status


async def _far(there: Reached, asker: ComingAsker, over: Callable[[], Any] | None) -> int:
    """The machine is connected to while what draws the console is imported, which takes as long as two round trips."""
    importlib.import_module("yogo_tui.hosts.ssh_login")  # first, and not beside: nothing is sent before
    first = asyncio.create_task(there.open(for_console=True))
    app = await asyncio.to_thread(_app)
    console = app.FarConsole(there, asker, first)
    console.over = over
    status: int = await app.run_app(console)
    return status


def _app() -> Any:
    return importlib.import_module("yogo_tui.app")
