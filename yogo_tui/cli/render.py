"""`yogo-tui render`: the job script that a launch would submit, or one that takes its command from its arguments."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from yogo_tui.cli.options import Commands, Misuse, add_json, in_session, new_command, settings_of

if TYPE_CHECKING:
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    from yogo_tui.cli.planning import add_planning

    parser = new_command(commands, "render", "print the job script of a run, without launching it")
    parser.add_argument("definition", nargs="?", metavar="DEFINITION", help="the dataset definition")
    add_planning(parser)
    parser.add_argument(
        "--wrapper", action="store_true", help="print a wrapper script instead; use: sbatch wrapper.sbatch yogo train …"
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from yogo_tui.cli.planning import plan_of, size_of
    from yogo_tui.launch.script import render_wrapper

    if args.wrapper:
        settings = settings_of(args)
        script = render_wrapper(settings, size_of(settings, args.size))
        print(json.dumps({"script": script}) if args.json else script, end="\n" if args.json else "")
        return 0
    if args.definition is None:
        raise Misuse("Name the dataset definition, or say --wrapper.")

    async def act(session: Session) -> int:
        from yogo_tui.cli.launch import say_wandb
        from yogo_tui.cli.output import print_json

        plan = plan_of(session.settings, args, args.name or session.propose_name(), check=False)
        script = session.render(plan)
        if args.json:
            mode, _ = session.settings.wandb_mode
            print_json({"name": plan.name, "size": plan.size.model_dump(), "wandb": mode, "script": script})
            return 0
        print(script, end="")
        say_wandb(session.settings)
        return 0

    return in_session(args, act)
