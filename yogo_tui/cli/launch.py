"""`yogo-tui launch`: submit a run, and, if asked for, a fine-tune that waits for it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from yogo.text.terminal import printable
from yogo_tui.cli.options import Commands, Misuse, add_json, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.launch.plan import LaunchPlan
    from yogo_tui.session import Session
    from yogo_tui.settings import Settings


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    from yogo_tui.cli.planning_options import DEFINITION_HELP, add_force, add_planning

    parser = new_command(
        commands,
        "launch",
        "submit a run as a job, and, if asked for, a fine-tune behind it",
        "The run is written to trained_models/NAME in the workspace.",
    )
    parser.add_argument(
        "definition", metavar="DEFINITION", help=f"The dataset definition to train on: {DEFINITION_HELP}"
    )
    add_planning(parser)
    add_then(parser)
    add_force(parser)
    add_script(parser)
    add_submitting(parser)
    parser.set_defaults(run=run)


def add_then(parser: argparse.ArgumentParser) -> None:
    """Options of the fine-tune behind the run."""
    parser.add_argument(
        "--then-finetune",
        metavar="DEFINITION",
        help="Submit a fine-tune on this dataset definition too. It starts from the run's weights once the run has "
        "finished.",
    )
    parser.add_argument(
        "--then-recipe",
        metavar="NAME",
        default="finetune",
        help="The fine-tune's recipe: its name or its file. (default: finetune)",
    )
    parser.add_argument(
        "--then-set",
        nargs="+",
        action="extend",
        default=[],
        metavar="FIELD=VALUE",
        help="Change fields of the fine-tune's recipe, or of its job, which is the run's by default, as --set does.",
    )
    parser.add_argument(
        "--then-name", metavar="NAME", help="The name of the fine-tune and of its folder. (default: a random name)"
    )
    parser.add_argument(
        "--then-reset-head",
        action="store_true",
        help="Start the fine-tune with new class outputs, so that its classes may differ from the run's.",
    )


def add_script(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--script",
        metavar="FILE",
        help="Submit this job script instead of the template's: what `yogo-tui render --name NAME` printed, edited for "
        "this launch alone. It needs --name.",
    )


def add_submitting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="Print the job scripts, and submit nothing.")
    parser.add_argument(
        "--wait",
        action="store_true",
        help="Wait until all that was submitted has ended. The exit status is 0 if all of it finished, else 1.",
    )
    add_json(parser)


def check_submitting(args: argparse.Namespace) -> None:
    """Raises Misuse."""
    if args.dry_run and args.wait:
        raise Misuse("--wait cannot be combined with --dry-run, which submits nothing.")


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    check_submitting(args)
    from yogo_tui.cli.planning import plan_of

    name = args.name or session.launcher.propose_name()
    first = await plan_of(session, args, name, check=not args.force)
    return await submit(session, args, *await with_then(session, args, first))


async def with_then(session: Session, args: argparse.Namespace, first: LaunchPlan) -> list[LaunchPlan]:
    """The plan, with the script that --script names, and that of the fine-tune behind it, if one is asked for."""
    from yogo_tui.cli.planning import changed, definition_of
    from yogo_tui.session.changes import Setup, differences, read_changes

    if args.script:
        first = replace(first, script=await _script(session, args))
    if not args.then_finetune:
        return [first]
    preset = await session.library.preset(args.then_recipe)
    base = Setup(preset.recipe, first.size)
    now = changed(base, args.then_set)
    second = await session.planner.finetune(
        await session.planner.parent_of_plan(first),
        definition=await definition_of(session.library, args.then_finetune, check=not args.force),
        recipe=now.recipe,
        size=now.size,
        name=args.then_name,
        preset=preset.title,
        changes=differences(base, now),
        asked=read_changes(args.then_set),
        reset_head=args.then_reset_head,
    )
    return [first, second]


async def _script(session: Session, args: argparse.Namespace) -> str:
    """The job script in the file that --script names. Raises Misuse, HostError."""
    from yogo_tui.questions.paths import FindPath

    if not args.name:
        raise Misuse("--script needs --name: the script holds the name of its run.")
    found = (await session.host.ask(FindPath(args.script, session.settings.start))).path
    try:
        return (await session.host.read(PurePosixPath(found))).data.decode()
    except FileNotFoundError as error:
        raise Misuse(f"--script {args.script}: there is no file {found}.") from error
    except UnicodeDecodeError as error:
        raise Misuse(f"--script {args.script}: {found} is not text.") from error


def say_wandb(settings: Settings) -> None:
    """Print on standard error what a script that is not submitted would do with W&B."""
    if settings.wandb != settings.wandb_mode[0]:
        print(f"! {printable(settings.wandb_words)}", file=sys.stderr)


def say_doubts(name: str, doubts: Iterable[str]) -> None:
    """Print on standard error what may be wrong with a script that is not submitted."""
    for doubt in doubts:
        print(printable(f"! {name}: {doubt}"), file=sys.stderr)


async def submit(session: Session, args: argparse.Namespace, *plans: LaunchPlan) -> int:
    """Submit the plans, each behind the one before it, and report that; with --dry-run print their scripts.

    Returns the exit status. Raises ConsoleError; then nothing was submitted.
    """
    plans = tuple(replace(plan, is_forced=getattr(args, "force", False)) for plan in plans)
    _warn(plans, with_changes=args.dry_run or args.json)
    if args.dry_run or plans[1:] or plans[0].is_forced:
        for overridden in await session.launcher.check_chain(plans):
            print(printable(f"! --force overrides an error of the definition of {overridden}"), file=sys.stderr)
    if args.dry_run:
        for plan in plans:
            script = await session.launcher.render(plan)
            print(script, end="")
            say_doubts(plan.name, await session.launcher.proofread(script))
        say_wandb(session.settings)
        return 0
    from yogo_tui.cli.submitting import announce, say_chain, submit_all
    from yogo_tui.cli.waiting import wait_for

    if not args.json:
        announce(session, plans, (args.recipe, getattr(args, "then_recipe", "")))

    chain = await submit_all(session, *plans)
    if not say_chain(chain, as_json=args.json):
        return 1
    if not args.wait:
        return 0
    return await wait_for(session, [one.launch.name for one in chain.launched], quiet=args.json)


def _warn(plans: Sequence[LaunchPlan], *, with_changes: bool) -> None:
    """Print on standard error what a person should know before the plans are submitted."""
    from yogo_tui.launch.machine import change_lines

    for plan in plans:
        if plan.notice:
            print(printable(f"! {plan.name}: {plan.notice}"), file=sys.stderr)
        for line in change_lines(plan.changes, plan.name if plans[1:] else "") if with_changes else ():
            print(printable(f"! {line}"), file=sys.stderr)
