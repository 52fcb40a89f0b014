"""`yogo-tui when`: say when a launch would start and finish on each size."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from yogo.text.terminal import printable
from yogo.text.wording import ended
from yogo_tui.cli.options import Commands, add_json, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.cluster.base import Estimate
    from yogo_tui.launch.plan import LaunchPlan
    from yogo_tui.runs.pace import KnownPaces
    from yogo_tui.session import Session
    from yogo_tui.session.timing import Timing


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    from yogo_tui.cli.planning_options import DEFINITION_HELP, add_planning

    parser = new_command(
        commands,
        "when",
        "say when a run would start and finish on each size",
        "The cluster says when it would start. How long it takes is told by the epochs of the latest run that had the "
        "same dataset definition and size, and a recipe of the same speed. Nothing is submitted.",
    )
    parser.add_argument(
        "definition", metavar="DEFINITION", help=f"The dataset definition to train on: {DEFINITION_HELP}"
    )
    add_planning(parser)
    add_json(parser)
    parser.set_defaults(run=run)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json
    from yogo_tui.cli.planning import plan_of
    from yogo_tui.launch.machine import size_words
    from yogo_tui.runs.pace import KnownPaces
    from yogo_tui.session.timing import finish_words

    plan = await plan_of(session, args, args.name or session.launcher.propose_name())
    sizes = (plan.size,) if args.size is not None else session.settings.sizes
    paces = KnownPaces((await session.runs.look()).runs, session.cluster.name)
    timings = [(size, await _timing(session, replace(plan, size=size), paces)) for size in sizes]
    if args.json:
        print_json([_told(size.title, timing) for size, timing in timings])
        return 0
    for size, timing in timings:
        words = size_words(size, session.machine)
        print(printable(f"{words}: {_start(timing.estimate)} {finish_words(timing)}"))
    return 0


async def _timing(session: Session, plan: LaunchPlan, paces: KnownPaces) -> Timing:
    from yogo_tui.session.timing import Timing, takes

    like = paces.of(str(plan.definition), plan.recipe, plan.size)
    return Timing(await session.launcher.estimate(plan), takes(like, plan.recipe))


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
        "like": takes.like if takes else None,
        "finishes_by": timing.finishes_at,
    }
