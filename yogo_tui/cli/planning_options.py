"""The options from which planning.py makes a plan. They are apart so that help is quick: nothing heavy is imported."""

from __future__ import annotations

import argparse

DEFINITION_HELP = "a YAML file, by its path from here or from a folder of definitions."
PARENT_HELP = "What to start from: a run's name, its folder or its job's id, or a checkpoint file (.pth)."
SIZE_HELP = "The size of the job: its number of GPUs, or its name in the settings."
_SIZE_DEFAULT = "(default: 1, else the first size in the settings)"
_RECIPE_HELP = "The recipe: its name or its file. `yogo-tui recipes` lists them."


def add_planning(parser: argparse.ArgumentParser, *, recipe: str = "defaults", with_parent: str = "") -> None:
    """Options that say how to train: recipe, size, name and changes. `recipe` is the default; where a fine-tune has
    another one, `with_parent`, none is given."""
    said, default = (f"{recipe}, with --parent {with_parent}", None) if with_parent else (recipe, recipe)
    parser.add_argument("--recipe", metavar="RECIPE", default=default, help=f"{_RECIPE_HELP} (default: {said})")
    add_size(parser)
    add_changes(parser)


def add_changes(parser: argparse.ArgumentParser) -> None:
    """Options for the name, and for changes of recipe and size."""
    parser.add_argument("--name", help="The name of the run and of its folder. (default: a random name)")
    parser.add_argument(
        "--set",
        dest="changes",
        nargs="+",
        action="extend",
        default=[],
        metavar="FIELD=VALUE",
        help="Change fields of the recipe, or of the job, for this launch alone, such as epochs=16, lr=0.001, "
        "image_hw=193x258, no-flips or hours=3.",
    )


def add_reset_head(parser: argparse.ArgumentParser, whose: str) -> None:
    parser.add_argument(
        "--reset-head",
        action="store_true",
        help=f"Start with new class outputs, so that the classes may differ from those of {whose}.",
    )


def add_force(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--force",
        action="store_true",
        help="Submit also on a dataset definition that has errors, on which a training is likely to fail. What is "
        "overridden is printed.",
    )


def add_size(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", metavar="GPUS", help=f"{SIZE_HELP} {_SIZE_DEFAULT}")


def add_size_of_run(parser: argparse.ArgumentParser, *, hours: str) -> None:
    """Options that give a known run's job another size; `hours` says whose the time limit is by default."""
    parser.add_argument("--size", metavar="GPUS", help=f"{SIZE_HELP} (default: the run's own)")
    parser.add_argument("--hours", type=float, metavar="H", help=f"The job's time limit, in hours. (default: {hours})")
