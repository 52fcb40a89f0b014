"""What the commands share: their common options, the settings, and a session that is open while a command runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from yogo.text.terminal import printable
from yogo_tui import asking
from yogo_tui.cluster.table import CLUSTERS
from yogo_tui.errors import ConsoleError

if TYPE_CHECKING:
    from yogo_tui.opening import Place
    from yogo_tui.session import Session
    from yogo_tui.session.library import Library

_HOST_HELP = (
    "The machine to work on through SSH: what you give to ssh, such as me@login, or the name of one of `hosts` in the "
    "settings; here is this machine. (default: as the settings say, else this machine)"
)
_SETTINGS_HELP = (
    "The settings file; `yogo-tui config path` prints which one is read. "
    "(default: $YOGO_TUI_SETTINGS, else ~/.config/yogo-tui/settings.yaml)"
)
_WORKSPACE_HELP = (
    "The workspace: its subfolder trained_models holds the runs. (default: as the settings say, else the current "
    "folder, or the nearest one above it that holds trained_models or .yogo)"
)
_PROFILE_HELP = (
    "The profile of the settings to use; an empty one is none. (default: as the settings say, else the first one that "
    "is for this machine)"
)
_CLUSTER_HELP = (
    f"What runs the jobs: {', '.join(f'{name} is {kind.about}' for name, kind in CLUSTERS.items())}, and auto is the "
    "first of these that is there. (default: as the settings say, else auto)"
)

Commands = argparse._SubParsersAction  # of ArgumentParser; argparse has no public name for it


class Misuse(ConsoleError):
    """A usage error: exit status 2."""


RUN_HELP = "The run: its name, its folder, or its job's id."


def new_command(
    commands: Commands[argparse.ArgumentParser], name: str, help: str, *more: str
) -> argparse.ArgumentParser:
    """A parser with the options that every command has. `more` are the sentences that follow `help` in its own help."""
    description = " ".join([f"{help[0].upper()}{help[1:]}.", *more])
    parser = commands.add_parser(name, help=help, description=description)
    add_common(parser, default=argparse.SUPPRESS)
    return parser


def add_common(parser: argparse.ArgumentParser, *, default: str | None) -> None:
    """Options that may stand before the command or after it."""
    parser.add_argument("--host", metavar="HOST", default=default, help=_HOST_HELP)
    parser.add_argument("--settings", type=Path, metavar="FILE", default=default, help=_SETTINGS_HELP)
    parser.add_argument("--profile", metavar="NAME", default=default, help=_PROFILE_HELP)
    parser.add_argument("--workspace", type=Path, metavar="DIR", default=default, help=_WORKSPACE_HELP)
    parser.add_argument("--cluster", choices=("auto", *CLUSTERS), default=default, help=_CLUSTER_HELP)


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="Print JSON, for programs.")


def add_listing(parser: argparse.ArgumentParser, whose: str) -> None:
    """Options of a list: `whose` words may be asked for, such as "runs whose name"."""
    parser.add_argument("words", nargs="*", metavar="WORD", help=f"List only {whose} contains each WORD.")
    parser.add_argument("-n", "--num", type=count, metavar="N", help="List only the N newest. (default: all)")
    add_json(parser)


def count(text: str) -> int:
    """A whole number of 1 or more, for argparse. Raises ArgumentTypeError."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text} is not a number of 1 or more.")
    return int(text)


def place_of(args: argparse.Namespace) -> Place:
    """Where the session is to be opened."""
    from yogo_tui.opening import Place

    return Place(args.host, args.settings, args.workspace, args.cluster, args.profile)


Action = Callable[["Session", argparse.Namespace], Awaitable[int]]


def in_session(action: Action) -> Callable[[argparse.Namespace], int]:
    """What runs a command: `action`, given an open session. It raises ConsoleError."""
    return lambda args: with_session(action, args)


def with_session(action: Action, args: argparse.Namespace, *, is_told: bool = True) -> int:
    """The exit status of `action`, given an open session, whose notices are told unless the action does that. Raises
    ConsoleError."""

    async def act() -> int:
        import asyncio

        from yogo_tui.hosts.lanes import Unwaited
        from yogo_tui.opening import opened

        # A disk that never answers must not hold up the end.
        asyncio.get_running_loop().set_default_executor(Unwaited())
        session = await opened(place_of(args))
        _tell(session.notices if is_told else ())
        saying = asyncio.create_task(_say_what_is_awaited(session))
        try:
            return await action(session, args)
        finally:
            saying.cancel()
            await session.close()

    return asking.run(act())


def in_library(action: Callable[[Library, argparse.Namespace], Awaitable[int]]) -> Callable[[argparse.Namespace], int]:
    """What runs a command that needs files and no cluster. It raises ConsoleError."""

    async def act(args: argparse.Namespace) -> int:
        import asyncio

        from yogo_tui.hosts.lanes import Unwaited
        from yogo_tui.session.library import Library

        asyncio.get_running_loop().set_default_executor(Unwaited())
        async with place_of(args).reached() as there:
            settings = await there.settings()
            _tell((*settings.notices, *there.host.notices))
            return await action(Library(there.host, settings), args)

    return lambda args: asking.run(act(args))


def _tell(notices: Sequence[str]) -> None:
    for notice in notices:
        print(f"! {printable(notice)}", file=sys.stderr)


async def _say_what_is_awaited(session: Session) -> None:
    """Print on standard error what takes more than a second, once each."""
    import asyncio

    before = ""
    while True:
        await asyncio.sleep(1)
        if session.runs.awaited and session.runs.awaited != before:
            before = session.runs.awaited
            print(f"waiting for {before} …", file=sys.stderr, flush=True)
