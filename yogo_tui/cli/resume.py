"""`yogo-tui resume`: continue a run that stopped, with one more job."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from yogo.text.terminal import printable
from yogo_tui.advice import tui
from yogo_tui.cli.options import RUN_HELP, Commands, Misuse, in_session, new_command
from yogo_tui.errors import HostError

if TYPE_CHECKING:
    from yogo_tui.runs.model import Run
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    from yogo_tui.cli.launch import add_submitting
    from yogo_tui.cli.planning_options import add_size_of_run

    parser = new_command(
        commands,
        "resume",
        "continue a run that stopped, failed or was cancelled, with one more job",
        "Training continues from the run's last.pth, in the run's own folder. A run that `yogo train` started in a "
        "shell can be resumed too.",
    )
    parser.add_argument("name", metavar="RUN", help=RUN_HELP)
    add_size_of_run(parser, hours="the size's")
    add_submitting(parser)
    parser.set_defaults(run=run)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    if args.dry_run and args.wait:
        raise Misuse("--wait cannot be combined with --dry-run, which submits nothing.")
    from yogo_tui.cli.planning import check_hours, size_of
    from yogo_tui.cli.submitting import patiently, say
    from yogo_tui.cli.waiting import wait_for
    from yogo_tui.launch.resume import script_of

    check_hours(args)
    run = await session.runs.find(args.name)
    if args.size is not None:
        size_of(session.settings, args.size)
    plan = await session.jobs.plan_resume(run, size=args.size, hours=args.hours)
    if args.dry_run:
        print(await script_of(session.host, session.settings, plan), end="")
        return 0
    resuming = session.jobs.resume(run, size=args.size, hours=args.hours)
    launched = await patiently(resuming, run.name, session.host, run.path)
    say([launched], as_json=args.json)
    if not args.json:
        print(printable(f"{run.name} {plan}"), file=sys.stderr if launched.job_id is None else sys.stdout)
    await _tell_of_those_behind(session, run)
    if launched.job_id is None:
        return 1
    return await wait_for(session, [run.name], quiet=args.json) if args.wait else 0


async def _tell_of_those_behind(session: Session, run: Run) -> None:
    """Warn of runs that waited for the job that stopped: they do not wait for the new one."""
    from yogo_tui.runs.model import RunState

    try:
        seen = (await session.runs.look()).runs
    except HostError as error:  # the job is submitted all the same
        print(printable(f"! It is not known which runs waited for the job that stopped: {error}"), file=sys.stderr)
        return
    for other in seen:
        is_behind = other.launch and other.launch.parent and other.launch.parent.run == str(run.path)
        if is_behind and other.can_cancel and other.state is RunState.FAILED:
            again = f"{tui()} cancel {other.name}, then {tui()} chain {run.name} DEFINITION"
            print(
                printable(f"! {other.name} waited for the job that stopped, and can never start: {again}"),
                file=sys.stderr,
            )
