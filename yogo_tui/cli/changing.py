"""What `yogo-tui hold`, `release` and `requeue` share."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from yogo.text.terminal import printable
from yogo_tui.cli.options import RUN_HELP, Commands, add_json, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.session import Session


def add(commands: Commands[argparse.ArgumentParser], name: str, help: str, *more: str) -> None:
    parser = new_command(commands, name, help, *more)
    parser.add_argument("runs", nargs="+", metavar="RUN", help=RUN_HELP)
    parser.add_argument("--yes", action="store_true", help="Do not ask for confirmation.")
    add_json(parser)
    parser.set_defaults(run=run)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import confirm, print_json
    from yogo_tui.cluster.base import Change
    from yogo_tui.runs.holding import done_words, what_it_does

    change = Change(args.command)
    seen = (await session.runs.look()).runs
    found = [await session.runs.find_job(name, seen) for name in args.runs]
    runs = list({run.key: run for run in found}.values())
    await session.jobs.check_change(change, runs)
    each = " ".join(f"{run.name}: {what_it_does(run, change)}" for run in runs)
    if not confirm(f"{change.value.capitalize()} {each}", yes=args.yes):
        return 1
    await session.jobs.change(change, runs)
    if args.json:
        print_json([{"name": run.name, "path": run.path, "job": run.job.id if run.job else None} for run in runs])
    else:
        print(printable(f"{done_words(change)}: {', '.join(run.name for run in runs)}"))
    return 0
