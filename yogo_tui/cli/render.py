"""`yogo-tui render`: print the job script of a launch, or a script that runs the command it is given."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from yogo_tui.cli.options import Commands, Misuse, add_json, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    from yogo_tui.cli.planning_options import DEFINITION_HELP, add_planning

    parser = new_command(
        commands,
        "render",
        "print the job script of a run, without launching it",
        "The script is the one that `yogo-tui launch` would submit.",
    )
    parser.add_argument(
        "definition", nargs="?", metavar="DEFINITION", help=f"The dataset definition to train on: {DEFINITION_HELP}"
    )
    add_planning(parser)
    parser.add_argument(
        "--wrapper",
        action="store_true",
        help="Print a script that runs any command as a job: sbatch wrapper.sbatch yogo train ...; it needs no "
        "DEFINITION.",
    )
    parser.add_argument(
        "--difference",
        action="store_true",
        help="Print what the script has otherwise than the shipped template makes it.",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.wrapper:
        return _wrapper(args)
    if args.definition is None:
        raise Misuse("DEFINITION is missing: name the dataset definition to train on, or use --wrapper.")
    return _one(args)


@in_session
async def _wrapper(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.planning import size_of
    from yogo_tui.launch.questions import RenderWrapper
    from yogo_tui.settings import PinnedSettings

    size = size_of(session.settings, args.size)
    script = await session.host.ask(RenderWrapper(PinnedSettings.of(session.settings), size))
    print(json.dumps({"script": script}) if args.json else script, end="\n" if args.json else "")
    return 0


@in_session
async def _one(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.launch import say_doubts, say_wandb
    from yogo_tui.cli.output import print_json
    from yogo_tui.cli.planning import plan_of

    plan = await plan_of(session, args, args.name or session.launcher.propose_name(), check=False)
    script = await session.launcher.render(plan)
    doubts = await session.launcher.proofread(script)
    if args.difference:
        return _say_difference(await session.launcher.difference(plan, script), as_json=args.json)
    if args.json:
        mode, _ = session.settings.wandb_mode
        print_json(
            {"name": plan.name, "size": plan.size.model_dump(), "wandb": mode, "script": script, "doubts": doubts}
        )
        return 0
    print(script, end="")
    say_doubts(plan.name, doubts)
    say_wandb(session.settings)
    return 0


def _say_difference(difference: str | None, *, as_json: bool) -> int:
    from yogo_tui.cli.output import print_json

    if as_json:
        print_json({"difference": difference})
    elif difference is None:
        print("No shipped template is like this one.", file=sys.stderr)
    else:
        print(difference or "The script is what the shipped template makes.\n", end="")
    return 0
