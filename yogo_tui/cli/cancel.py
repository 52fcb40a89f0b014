"""`yogo-tui cancel`: end runs that wait or run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from yogo_tui.cli.options import Commands, add_json, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(commands, "cancel", "end runs that wait or run")
    parser.add_argument("runs", nargs="+", metavar="RUN", help="a run's name or folder, or a job's id")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    async def act(session: Session) -> int:
        from yogo.terminal import printable
        from yogo_tui.cli.output import confirm, print_json
        from yogo_tui.widgets.words import state_words

        runs = [await session.find(name) for name in args.runs]
        names = ", ".join(f"{run.name} ({state_words(run.state)})" for run in runs)
        if not confirm(f"Cancel {names}? What was trained since the last checkpoint is lost.", yes=args.yes):
            return 1
        await session.cancel(runs)
        if args.json:
            print_json([{"name": run.name, "path": run.path, "job": run.job.id if run.job else None} for run in runs])
            return 0
        print(f"asked to cancel {printable(', '.join(run.name for run in runs))}")
        return 0

    return in_session(args, act)
