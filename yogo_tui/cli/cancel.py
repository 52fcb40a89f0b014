"""`yogo-tui cancel`: cancel runs and jobs."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from yogo.text.terminal import printable
from yogo_tui.advice import tui
from yogo_tui.cli.options import RUN_HELP, Commands, add_json, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "cancel",
        "cancel runs and jobs that wait or run",
        "A run that trains saves its last.pth and stops; `yogo-tui resume` can continue it.",
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help=RUN_HELP)
    parser.add_argument(
        "--chain",
        action="store_true",
        help="Cancel the fine-tunes behind the run too. Without this they stay in the queue, and can never start.",
    )
    parser.add_argument("--yes", action="store_true", help="Do not ask for confirmation.")
    add_json(parser)
    parser.set_defaults(run=run)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import confirm, print_json
    from yogo_tui.runs.cancelling import what_each_cancel_does
    from yogo_tui.runs.chains import behind

    seen = (await session.runs.look()).runs
    runs = [await session.runs.find_job(name, seen) for name in args.runs]
    if args.chain:
        runs = [one for run in runs for one in (run, *behind(run, seen))]
    runs = list({run.key: run for run in runs}.values())
    names = {run.name for run in runs}
    if not confirm(f"Cancel {' '.join(what_each_cancel_does(runs, seen))}", yes=args.yes):
        return 1
    await session.jobs.cancel(runs)
    if args.json:
        print_json([{"name": run.name, "path": run.path, "job": run.job.id if run.job else None} for run in runs])
        return 0
    print(f"asked to cancel {printable(', '.join(run.name for run in runs))}")
    left = [one.name for run in runs for one in behind(run, seen) if one.name not in names]
    for name in dict.fromkeys(left):
        print(
            printable(f"! {name} waits for it, and can never start. To cancel it too: {tui()} cancel {name}"),
            file=sys.stderr,
        )
    return 0
