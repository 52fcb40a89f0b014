"""What the commands share: settings, a session for the time of a command, and how a run is described in words."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from yogo.terminal import printable
from yogo_tui.errors import ConsoleError
from yogo_tui.settings import Settings, load

if TYPE_CHECKING:
    from yogo_tui.session import Session

Commands = argparse._SubParsersAction  # of ArgumentParser; argparse has no public name for it


class Misuse(ConsoleError):
    """The command was asked for something that makes no sense: exit status 2."""


def new_command(commands: Commands[argparse.ArgumentParser], name: str, help: str) -> argparse.ArgumentParser:
    """A parser with the options that every command has."""
    parser = commands.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")
    add_common(parser, default=argparse.SUPPRESS)
    return parser


def add_common(parser: argparse.ArgumentParser, *, default: str | None) -> None:
    """Options that may stand before the command or after it."""
    parser.add_argument("--settings", type=Path, metavar="FILE", default=default, help="the settings file")
    parser.add_argument("--workspace", type=Path, metavar="DIR", default=default, help="where runs are written")
    parser.add_argument(
        "--cluster", choices=("auto", "slurm", "local"), default=default, help="who runs the jobs; local: this machine"
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def count(text: str) -> int:
    """How many, one or more, for argparse."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text} is not a number of 1 or more.")
    return int(text)


def settings_of(args: argparse.Namespace) -> Settings:
    """The settings in force; what a person should know of how they were read is said. Raises SettingsError."""
    settings = load(args.settings, workspace=args.workspace, cluster=args.cluster)
    for notice in settings.notices:
        print(f"! {printable(notice)}", file=sys.stderr)
    return settings


def in_session(args: argparse.Namespace, action: Callable[[Session], Awaitable[int]]) -> int:
    """What `action` returns, given an open session. Raises ConsoleError."""
    from yogo_tui.hosts.lanes import Unwaited
    from yogo_tui.session import Session

    async def act() -> int:
        # A disk that never answers must not hold up the end.
        asyncio.get_running_loop().set_default_executor(Unwaited())
        session = await Session.open(settings_of(args))
        saying = asyncio.create_task(_say_what_is_awaited(session))
        try:
            return await action(session)
        finally:
            saying.cancel()
            await session.close()

    return asyncio.run(act())


async def _say_what_is_awaited(session: Session) -> None:
    """On standard error, once for each thing that takes more than a moment."""
    before = ""
    while True:
        await asyncio.sleep(1)
        if session.awaited and session.awaited != before:
            before = session.awaited
            print(f"waiting for {before} …", file=sys.stderr, flush=True)
