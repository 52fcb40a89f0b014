"""`yogo-tui again`: launch a run once more, under another name."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from yogo.text.terminal import printable
from yogo_tui.cli.options import RUN_HELP, Commands, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    from yogo_tui.cli.launch import add_submitting
    from yogo_tui.cli.planning_options import add_changes, add_force, add_size_of_run

    parser = new_command(
        commands,
        "again",
        "launch a run once more, under another name",
        "The recipe, the data, the size and the weights to start from are those of the run. What differs, by your "
        "changes or since then, is printed.",
    )
    parser.add_argument("name_of_run", metavar="RUN", help=RUN_HELP)
    parser.add_argument(
        "--bigger",
        action="store_true",
        help="Ask for more of what the run ran out of: more time, more CPUs and the memory that comes with them, or "
        "half the batch, accumulated twice. What differs is printed.",
    )
    add_size_of_run(parser, hours="the run's own")
    add_changes(parser)
    add_force(parser)
    add_submitting(parser)
    parser.set_defaults(run=run)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.launch import submit
    from yogo_tui.cli.planning import changed, check_hours, size_of
    from yogo_tui.session.changes import differences

    check_hours(args)
    run = await session.runs.find(args.name_of_run)
    planner = session.planner
    found = await (planner.bigger(run, await session.jobs.why(run)) if args.bigger else planner.again(run))
    notes = (f"{found.reason}: {', '.join(found.changes)}",) if found.reason else ()
    for note in (*notes, *found.notes):
        print(printable(f"! {note}"), file=sys.stderr)
    had, wanted = found.wanted.setup, found.wanted
    if args.size is not None:
        wanted = wanted.with_size(size_of(session.settings, args.size))
    if args.hours is not None:
        wanted = replace(wanted, own_size=wanted.job_size.model_copy(update={"hours": args.hours}))
    wanted = replace(wanted.with_setup(changed(wanted.setup, args.changes)), name=args.name or wanted.name)
    for change in differences(had, wanted.setup):
        print(printable(f"! {change}"), file=sys.stderr)
    args.recipe = wanted.preset.title
    return await submit(session, args, await session.planner.first(wanted))
