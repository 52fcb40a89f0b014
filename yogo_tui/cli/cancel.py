"""`yogo-tui cancel`: end runs that wait or run."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from yogo_tui.cli.options import Commands, add_json, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(commands, "cancel", "end runs that wait or run")
    parser.add_argument("runs", nargs="+", metavar="RUN", help="a run's name or folder, or a job's id")
    parser.add_argument("--chain", action="store_true", help="also the runs behind it, which could then never start")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    async def act(session: Session) -> int:
        from yogo.terminal import printable
        from yogo_tui.cli.output import confirm, print_json
        from yogo_tui.runs.cancelling import what_cancel_does
        from yogo_tui.runs.chains import behind

        runs = [await session.to_cancel(name) for name in args.runs]
        seen = (await session.runs()).runs
        if args.chain:
            runs = [one for run in runs for one in (run, *behind(run, seen))]
        runs = list({run.path or (run.job.id if run.job else run.name): run for run in runs}.values())
        names = {run.name for run in runs}
        words = [
            f"{run.name}: {what_cancel_does(run, [one for one in behind(run, seen) if one.name not in names])}"
            for run in runs
        ]
        if not confirm(f"Cancel {' '.join(words)}", yes=args.yes):
            return 1
        await session.cancel(runs)
        if args.json:
            print_json([{"name": run.name, "path": run.path, "job": run.job.id if run.job else None} for run in runs])
            return 0
        print(f"asked to cancel {printable(', '.join(run.name for run in runs))}")
        left = [one.name for run in runs for one in behind(run, seen) if one.name not in names]
        for name in dict.fromkeys(left):
            print(printable(f"! {name} waits for it, and can never start: yogo-tui cancel {name}"), file=sys.stderr)
        return 0

    return in_session(args, act)
