"""`yogo-tui resume`: go on with a run that stopped, as one more job."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from yogo_tui.cli.options import Commands, Misuse, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.runs.model import Run
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    from yogo_tui.cli.launch import add_submitting

    parser = new_command(commands, "resume", "go on with a run that stopped, failed or was cancelled, as one more job")
    parser.add_argument("name", metavar="RUN", help="the run's name or folder, also of one begun in a shell")
    parser.add_argument("--size", metavar="GPUS", help="the size, by its GPUs or its name (the one that it had)")
    parser.add_argument("--hours", type=float, metavar="H", help="the time limit of the job (the size's)")
    add_submitting(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.dry_run and args.wait:
        raise Misuse("--dry-run submits nothing that --wait could wait for.")
    if args.hours is not None and not args.hours > 0:
        raise Misuse(f"--hours {args.hours:g}: say how many hours the job may take.")

    async def act(session: Session) -> int:
        from yogo.terminal import printable
        from yogo_tui.cli.planning import size_of
        from yogo_tui.cli.submitting import say
        from yogo_tui.cli.waiting import wait_for
        from yogo_tui.launch.resume import script_of

        run = await session.find(args.name)
        if args.size is not None:
            size_of(session.settings, args.size)
        plan = await session.plan_resume(run, size=args.size, hours=args.hours)
        if args.dry_run:
            print(script_of(session.settings, plan), end="")
            return 0
        launched = await session.resume(run, size=args.size, hours=args.hours)
        say([launched], as_json=args.json)
        if not args.json:
            print(printable(f"{run.name} {plan}"), file=sys.stderr if launched.job_id is None else sys.stdout)
        await _tell_of_those_behind(session, run)
        if launched.job_id is None:
            return 1
        return await wait_for(session, [run.name], quiet=args.json) if args.wait else 0

    return in_session(args, act)


async def _tell_of_those_behind(session: Session, run: Run) -> None:
    """Runs that waited for the job that stopped do not wait for the new one."""
    from yogo.terminal import printable
    from yogo_tui.runs.model import RunState

    for other in (await session.runs()).runs:
        is_behind = other.launch and other.launch.parent and other.launch.parent.run == str(run.path)
        if is_behind and other.can_cancel and other.state is RunState.FAILED:
            again = f"yogo-tui cancel {other.name}, then yogo-tui chain {run.name} DEFINITION"
            print(
                printable(f"! {other.name} waited for the job that stopped, and can never start: {again}"),
                file=sys.stderr,
            )
