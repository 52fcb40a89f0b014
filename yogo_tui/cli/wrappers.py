"""`yogo-tui wrappers`: write the scripts that run any command as a job: sbatch scripts/submit_cmd.sh yogo train ..."""

from __future__ import annotations

import argparse
import sys
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from yogo.text.terminal import printable
from yogo_tui.cli.options import Commands, add_json, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "wrappers",
        "write the scripts submit_cmd.sh, submit_cmd_multi_gpu_light.sh and submit_cmd_multi_gpu.sh for this site",
        "They run the command in their arguments on 1, 2 and 4 GPUs: sbatch scripts/submit_cmd.sh yogo train "
        "DEFINITION. Account, partition, CPUs and hours are those of the sizes in the settings. A run that is begun so "
        "is listed with its log, its progress and its results, and is resumed as any other.",
    )
    parser.add_argument(
        "folder", nargs="?", default="scripts", metavar="DIR", help="The folder to write them into. (default: scripts)"
    )
    parser.add_argument("--replace", action="store_true", help="Replace scripts that differ from what is written.")
    add_json(parser)
    parser.set_defaults(run=run)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json
    from yogo_tui.questions.paths import FindPath
    from yogo_tui.session.wrappers import WrapperState, wrappers, write

    folder = (await session.host.ask(FindPath(args.folder, session.settings.start))).path
    found = await wrappers(session, PurePosixPath(folder))
    told = [(one, await write(session.host, one, replace=args.replace)) for one in found]
    if args.json:
        print_json([{"path": one.path, "state": one.state, "written": is_written} for one, is_written in told])
    for one, is_written in told if not args.json else ():
        is_left = one.state in (WrapperState.OTHER, WrapperState.NO_SIZE) and not is_written
        print(printable(f"{one.path}: {one.words(is_written=is_written)}"), file=sys.stderr if is_left else sys.stdout)
    return int(any(one.state is WrapperState.OTHER and not is_written for one, is_written in told))
