"""`yogo-tui render`: the job script that a launch would submit, or one that takes its command from its arguments."""

from __future__ import annotations

import argparse

from yogo_tui.cli.options import Commands, Misuse, new_command, settings_of


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    from yogo_tui.cli.planning import add_planning

    parser = new_command(commands, "render", "print the job script of a run, without launching it")
    parser.add_argument("definition", nargs="?", metavar="DEFINITION", help="the dataset definition")
    add_planning(parser)
    parser.add_argument(
        "--wrapper", action="store_true", help="one for any run: sbatch THAT.sh yogo train DEFINITION ..."
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from yogo.run.directory import propose_name
    from yogo_tui.cli.planning import plan_of, size_of
    from yogo_tui.launch.script import PREVIEW_TOKEN, render, render_wrapper

    settings = settings_of(args)
    if args.wrapper:
        print(render_wrapper(settings, size_of(settings, args.size)), end="")
        return 0
    if args.definition is None:
        raise Misuse("Name the dataset definition, or say --wrapper.")
    name = args.name or propose_name(settings.runs_folder)
    print(render(settings, plan_of(settings, args, name, check=False), PREVIEW_TOKEN), end="")
    return 0
