"""`yogo-tui commands`: what one look at the queue asks of the scheduler, and what that costs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from yogo_tui.cli.options import Commands, add_json, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "commands",
        "look at the queue once, and list what the scheduler was asked for it",
        "Each command with the time it took, its exit status and the size of its answer. In the console, f7 shows all "
        "commands since it was opened.",
    )
    add_json(parser)
    parser.set_defaults(run=run)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    import shlex
    from dataclasses import asdict

    from yogo_tui.cli.output import print_json, print_table

    seen = await session.runs.look()
    log = session.commands
    last = log.last if log else ()
    if args.json:
        print_json({"stale": seen.queue.stale, "commands": [{**asdict(one), "at": one.at.isoformat()} for one in last]})
    elif log is None:
        print("This machine runs the jobs itself: no scheduler is asked.")
    else:
        rows = [
            (
                f"{one.seconds:.3f} s",
                "–" if one.status is None else str(one.status),
                str(one.num_bytes),
                shlex.join(one.words),
            )
            for one in last
        ]
        print_table(("took", "ended", "bytes", "command"), rows, right=("took", "ended", "bytes"))
    return 1 if seen.queue.stale else 0
