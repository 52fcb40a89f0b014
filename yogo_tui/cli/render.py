"""`yogo-tui render`: the job script that a launch would submit, or one that takes its command from its arguments."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from yogo_tui.cli.options import Commands, Misuse, in_session, new_command, settings_of

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
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from yogo_tui.cli.planning import plan_of, size_of
    from yogo_tui.launch.script import render_wrapper

    if args.wrapper:
        settings = settings_of(args)
        print(render_wrapper(settings, size_of(settings, args.size)), end="")
        return 0
    if args.definition is None:
        raise Misuse("Name the dataset definition, or say --wrapper.")

    async def act(session: Session) -> int:
        from yogo_tui.cli.launch import say_wandb

        plan = plan_of(session.settings, args, args.name or session.propose_name(), check=False)
        print(session.render(plan), end="")
        say_wandb(session.settings)
        return 0

    return in_session(args, act)
