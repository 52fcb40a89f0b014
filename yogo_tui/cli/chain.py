"""`yogo-tui chain`: submit a fine-tune that starts from the weights of a run or of a checkpoint file."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from yogo_tui.cli.options import Commands, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    from yogo_tui.cli.launch import add_script, add_submitting, add_then
    from yogo_tui.cli.planning_options import DEFINITION_HELP, PARENT_HELP, add_force, add_planning, add_reset_head

    parser = new_command(
        commands,
        "chain",
        "submit a fine-tune from the weights of a run or of a checkpoint file",
        "If the run has not finished yet, the fine-tune waits for it in the queue.",
    )
    parser.add_argument(
        "parent",
        metavar="RUN_OR_PTH",
        help=PARENT_HELP,
    )
    parser.add_argument(
        "definition", metavar="DEFINITION", help=f"The dataset definition to train on: {DEFINITION_HELP}"
    )
    add_reset_head(parser, "RUN_OR_PTH")
    add_planning(parser, recipe="finetune")
    add_then(parser)
    add_force(parser)
    add_script(parser)
    add_submitting(parser)
    parser.set_defaults(run=run)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.launch import check_submitting, submit, with_then
    from yogo_tui.cli.planning import finetune_of

    check_submitting(args)
    plan = await finetune_of(session, args, check=not args.force)
    return await submit(session, args, *await with_then(session, args, plan))
