"""`yogo-tui report` and `card`: what a run was, as one file for a lab book, and beside its weights."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from yogo.text.terminal import printable
from yogo_tui.cli.options import RUN_HELP, Commands, in_session, new_command
from yogo_tui.errors import LaunchError

if TYPE_CHECKING:
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "report",
        "write a run's report: one HTML file that opens without a network",
        "It holds figures, curves, recipe, data, versions and job script, and the confusion matrix and worst images "
        "if the run has them.",
    )
    parser.add_argument("name", metavar="RUN", help=RUN_HELP)
    parser.add_argument("--output", metavar="FILE", help="Write to FILE, which ends in .html. (default: RUN.html)")
    parser.add_argument("--force", action="store_true", help="Replace FILE if it exists.")
    parser.set_defaults(run=report)
    parser = new_command(
        commands,
        "card",
        "write MODEL.md beside a run's best.pth: what the model is",
        "A MODEL.md that a person wrote or changed is left as it is.",
    )
    parser.add_argument("name", metavar="RUN", help=RUN_HELP)
    parser.set_defaults(run=card)


@in_session
async def report(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.session.comparing import described, save

    run = await session.runs.find(args.name)
    if run.path is None:
        raise LaunchError(f"{run.name} is a job, not a run in these folders: it has nothing to report.")
    name = args.output or f"{run.name}.html"
    if not name.lower().endswith(".html"):
        raise LaunchError(f"{name} is not the name of a report: end it in .html.")
    found = await described(session.host, [run], with_images=True)
    print(f"written: {printable(str(await save(found, name, is_forced=args.force)))}")
    return 0


@in_session
async def card(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.session.comparing import write_card

    print(f"written: {printable(str(await write_card(session.host, await session.runs.find(args.name))))}")
    return 0
