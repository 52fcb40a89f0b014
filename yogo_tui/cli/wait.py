"""`yogo-tui wait`: wait until runs are over."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from yogo_tui.cli.options import RUN_HELP, Commands, add_json, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "wait",
        "wait until runs are over",
        "Exit status: 0 if all have finished, 1 if one has failed, 3 if none has failed and one was cancelled or "
        "stopped. Stopping the wait does not stop the runs.",
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help=RUN_HELP)
    parser.add_argument(
        "--notify",
        action="store_true",
        help="Then run notify_command and call notify_webhook of the settings, once for each run.",
    )
    add_json(parser)
    parser.set_defaults(run=run)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    import sys

    from yogo.text.terminal import printable
    from yogo_tui.cli.output import print_json, run_json
    from yogo_tui.cli.waiting import until_over
    from yogo_tui.errors import LaunchError
    from yogo_tui.runs.model import RunState
    from yogo_tui.session.endings import announce

    wanted = await session.runs.find_all(args.runs)
    for one in wanted:
        if one.path is None or one.is_elsewhere:
            raise LaunchError(f"{one.name} is not a run of this workspace, and cannot be waited for.")
    runs = await until_over(session, [one.name for one in wanted], quiet=args.json)
    if args.json:
        print_json([run_json(one) for one in runs])
    for one in runs if args.notify else ():
        for wrong in await announce(session.host, session.settings, one):
            print(f"! {printable(wrong)}", file=sys.stderr)
    states = {one.state for one in runs}
    if states <= {RunState.FINISHED}:
        return 0
    return 3 if states <= {RunState.FINISHED, RunState.CANCELLED, RunState.STOPPED} else 1
