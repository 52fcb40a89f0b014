"""`yogo ask`: a job script of a sweep's trial runs it before it trains, for the values that the study chooses."""

from __future__ import annotations

import argparse
from pathlib import Path

from yogo.text.terminal import printable


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "ask",
        help="ask a sweep's study for the values of a trial (used by job scripts)",
        description="Ask the study of a sweep for the values that a trial trains with, and write them into its "
        "recipe.yaml. A trial that asks again gets the same. Job scripts use it.",
    )
    parser.add_argument("run_directory", type=Path, nargs="?", metavar="RUN", help="The run directory of the trial.")
    parser.add_argument(
        "--check",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="Only say whether Optuna, which keeps a study, is installed.",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from yogo.errors import RunError
    from yogo.presets import Preset, fingerprint, save
    from yogo.recipe import applied, shown
    from yogo.run.directory import RunDirectory
    from yogo.run.launch import Launch
    from yogo.run.study import StudyTrial, optuna_version

    if args.check:
        print(f"Optuna {optuna_version()}")
        return 0
    if args.run_directory is None:
        raise RunError("yogo ask needs the run directory of a trial")
    run = RunDirectory(args.run_directory.absolute())
    try:
        launch = Launch.read(run.launch)
    except FileNotFoundError:
        raise RunError(f"{run.path} has no launch.json: only a trial of a sweep asks for its values") from None
    if launch.search is None:
        raise RunError(f"{run.path} asks for nothing: its recipe was fixed at the launch")
    values = StudyTrial(launch.search, launch.name).ask()
    recipe = applied(launch.recipe, values)
    save(Preset(launch.name, "", recipe, run.recipe), run.recipe, seen=fingerprint(run.recipe))
    said = " ".join(shown(field, getattr(recipe, field)) for field in values)
    print(printable(f"{launch.name} trains with {said}"))
    return 0
