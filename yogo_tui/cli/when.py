"""`yogo-tui when`: say when a launch would start and finish on each size."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from yogo.text.terminal import printable
from yogo.text.wording import ended
from yogo_tui.cli.options import Commands, add_json, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.cluster.base import Estimate
    from yogo_tui.launch.plan import LaunchPlan
    from yogo_tui.runs.pace import EpochPace, KnownPaces
    from yogo_tui.session import Session
    from yogo_tui.session.timing import Timing


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    from yogo_tui.cli.planning_options import DEFINITION_HELP, add_planning

    parser = new_command(
        commands,
        "when",
        "say when a run would start and finish on each size",
        "The cluster says when it would start. How long it takes is told by the epochs of the latest run that had the "
        "same dataset definition and size, and a recipe of the same speed, or by what --probe has measured. Without "
        "--probe nothing is submitted.",
    )
    parser.add_argument(
        "definition", metavar="DEFINITION", help=f"The dataset definition to train on: {DEFINITION_HELP}"
    )
    add_planning(parser)
    parser.add_argument(
        "--probe",
        action="store_true",
        help="Where nothing tells how long it takes, measure it: submit a job for each such size that trains for half "
        "a minute and leaves no run. What it says is kept for later. It asks first. ctrl+c cancels the job.",
    )
    parser.add_argument("--yes", action="store_true", help="Do not ask for confirmation.")
    add_json(parser)
    parser.set_defaults(run=run)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json
    from yogo_tui.cli.planning import plan_of
    from yogo_tui.launch.machine import size_words
    from yogo_tui.session.timing import finish_words

    plan = await plan_of(session, args, args.name or session.launcher.propose_name())
    sizes = (plan.size,) if args.size is not None else session.settings.sizes
    plans = [replace(plan, size=size) for size in sizes]
    runs = (await session.runs.look()).runs
    paces = await session.paces(runs)
    unknown = [one for one in plans if _pace(paces, one) is None]
    if args.probe and unknown:
        if not await _measure(session, unknown, yes=args.yes):
            return 1
        paces, unknown = await session.paces(runs), []
    timings = [(one.size, await _timing(session, one, paces)) for one in plans]
    if args.json:
        print_json([_told(size.title, timing) for size, timing in timings])
        return 0
    for size, timing in timings:
        words = size_words(size, session.machine)
        print(printable(f"{words}: {_start(timing.estimate)} {finish_words(timing)}"))
    if unknown:
        print("To measure it: the same with --probe", file=sys.stderr)
    return 0


async def _measure(session: Session, plans: Sequence[LaunchPlan], *, yes: bool) -> bool:
    """Measure the speed of each, one after the other. Returns whether the user agreed."""
    from yogo_tui.cli.output import confirm
    from yogo_tui.cli.progress import live
    from yogo_tui.session.speed_probe import SpeedProbe

    for plan in plans:
        probe = SpeedProbe(session, plan)
        if not confirm(probe.question, yes=yes):
            return False
        with live() as tell:
            await probe.measured(tell)
    return True


def _pace(paces: KnownPaces, plan: LaunchPlan) -> EpochPace | None:
    return paces.of(str(plan.definition), plan.recipe, plan.size)


async def _timing(session: Session, plan: LaunchPlan, paces: KnownPaces) -> Timing:
    from yogo_tui.session.timing import Timing, takes

    return Timing(await session.launcher.estimate(plan), takes(_pace(paces, plan), plan.recipe))


def _start(estimate: Estimate | None) -> str:
    from yogo_tui.session.timing import start_words

    if estimate is None or estimate.no_later_than is None:
        return ended(f"It is not known when it would start: {start_words(estimate)}")
    return f"It would start by {start_words(estimate)}."


def _told(title: str, timing: Timing) -> dict[str, object]:
    starts_at, takes = timing.estimate.no_later_than if timing.estimate else None, timing.takes
    return {
        "size": title,
        "starts_by": starts_at,
        "detail": timing.estimate.detail if timing.estimate else "",
        "seconds": takes.seconds if takes else None,
        "may_stop_early": takes.is_most if takes else None,
        "like": takes.like or None if takes else None,
        "measured_at": takes.measured_at if takes else None,
        "finishes_by": timing.finishes_at,
    }
