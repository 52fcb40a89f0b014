"""`yogo-tui launch`: submit a run, and behind it, if wanted, a fine-tune from it."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from yogo.terminal import printable
from yogo_tui.cli.options import Commands, Misuse, add_json, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.launch.plan import Plan
    from yogo_tui.session import Session
    from yogo_tui.settings import Settings


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    from yogo_tui.cli.planning import add_planning

    parser = new_command(commands, "launch", "submit a run, and behind it, if wanted, a fine-tune from it")
    parser.add_argument("definition", metavar="DEFINITION", help="the dataset definition to train on")
    add_planning(parser)
    parser.add_argument("--then-finetune", metavar="DEFINITION", help="queue a fine-tune on this behind it")
    parser.add_argument("--then-recipe", metavar="NAME", default="finetune", help="its recipe (finetune)")
    parser.add_argument("--then-set", nargs="+", action="extend", default=[], metavar="FIELD=VALUE", help="change it")
    parser.add_argument("--then-name", metavar="NAME", help="its name (one is made up)")
    parser.add_argument("--then-reset-head", action="store_true", help="begin it with new class outputs")
    add_submitting(parser)
    parser.set_defaults(run=run)


def add_submitting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="print the scripts, and submit nothing")
    parser.add_argument("--wait", action="store_true", help="wait until it has ended; exit status 0 if it finished")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    if args.dry_run and args.wait:
        raise Misuse("--dry-run submits nothing that --wait could wait for.")

    async def act(session: Session) -> int:
        plans = await _plans(session, args)
        return await submit(session, args, *plans)

    return in_session(args, act)


async def _plans(session: Session, args: argparse.Namespace) -> list[Plan]:
    from yogo_tui.cli.planning import changed, definition_of, plan_of, preset_of

    settings = session.settings
    first = plan_of(settings, args, args.name or session.propose_name())
    if not args.then_finetune:
        return [first]
    preset = preset_of(settings, args.then_recipe)
    second = await session.plan_finetune(
        await session.parent_of_plan(first),
        definition=definition_of(settings, args.then_finetune),
        recipe=changed(preset.recipe, args.then_set),
        size=first.size,
        name=args.then_name,
        preset=preset.title,
        reset_head=args.then_reset_head,
    )
    return [first, second]


def say_wandb(settings: Settings) -> None:
    """What a script that is only printed will do with W&B, beside it."""
    if settings.wandb != settings.wandb_mode[0]:
        print(f"! {printable(settings.wandb_words)}", file=sys.stderr)


async def submit(session: Session, args: argparse.Namespace, *plans: Plan) -> int:
    """Submit each plan, each behind the one before it, and say so; or print their scripts."""
    for plan in plans:
        if plan.notice:
            print(printable(f"! {plan.name}: {plan.notice}"), file=sys.stderr)
    if args.dry_run:
        for plan in plans:
            await session.check_plan(plan)
        for plan in plans:
            print(session.render(plan), end="")
        say_wandb(session.settings)
        return 0
    from yogo_tui.cli.submitting import announce, say, submit_all
    from yogo_tui.cli.waiting import wait_for

    if not args.json:
        announce(session, plans, (args.recipe, getattr(args, "then_recipe", "")))

    launched = await submit_all(session, *plans)
    say(launched, as_json=args.json)
    if any(one.job_id is None for one in launched):
        return 1
    if not args.wait:
        return 0
    return await wait_for(session, [one.launch.name for one in launched], quiet=args.json)
