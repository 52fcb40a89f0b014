"""`yogo-tui forget`: free the name of a launch that came to nothing."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from yogo_tui.cli.options import Commands, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(commands, "forget", "free the name of a launch that came to nothing")
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="the run's name or folder; one that trained is left alone"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    async def act(session: Session) -> int:
        from yogo.terminal import printable
        from yogo_tui.cli.output import confirm
        from yogo_tui.runs.model import RunState

        for name in args.runs:
            run = await session.find(name)
            is_open = run.state is RunState.UNKNOWN
            doubt = "It is not known whether it was queued: make sure that no job has it. " if is_open else ""
            if not confirm(f"{doubt}Forget {run.name}, and free its name?", yes=args.yes):
                return 1
            await session.forget(run, sure=is_open)
            print(printable(f"{run.name} is forgotten; what it left lies in {session.runs_folder / '.forgotten'}"))
        return 0

    return in_session(args, act)
