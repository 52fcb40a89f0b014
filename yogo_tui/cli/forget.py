"""`yogo-tui forget`: free the name of a launch that failed before it trained."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from yogo.text.terminal import printable
from yogo_tui.cli.options import Commands, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "forget",
        "free the name of a launch that failed before it trained",
        "Its files are moved to trained_models/.forgotten. A run that has trained, or has a job, is refused.",
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="The run: its name or its folder.")
    parser.add_argument("--yes", action="store_true", help="Do not ask for confirmation.")
    parser.set_defaults(run=run)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import confirm
    from yogo_tui.runs.cancelling import is_open, what_forget_does

    for name in args.runs:
        run = await session.runs.find(name)
        await session.jobs.check_forgettable(run)
        if not confirm(what_forget_does(run), yes=args.yes):
            return 1
        print(printable(await session.jobs.forget(run, sure=is_open(run))))
    return 0
