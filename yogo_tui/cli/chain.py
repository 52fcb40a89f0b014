"""`yogo-tui chain`: fine-tune from a run, finished or still to finish, or from any .pth."""

from __future__ import annotations

import argparse
import os
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from yogo_tui.cli.options import Commands, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.session import ParentInfo, Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    from yogo_tui.cli.launch import add_submitting
    from yogo_tui.cli.planning import add_planning

    parser = new_command(commands, "chain", "fine-tune from a run, finished or still to finish, or from any .pth")
    parser.add_argument("parent", metavar="RUN_OR_PTH", help="a run's name or folder, or a checkpoint file")
    parser.add_argument("definition", metavar="DEFINITION", help="the dataset definition to fine-tune on")
    parser.add_argument(
        "--reset-head", action="store_true", help="begin with new class outputs, for other classes than the parent's"
    )
    add_planning(parser, recipe="finetune")
    add_submitting(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    async def act(session: Session) -> int:
        from yogo_tui.cli.launch import submit
        from yogo_tui.cli.planning import changed, definition_of, preset_of, size_of

        preset = preset_of(session.settings, args.recipe)
        plan = await session.plan_finetune(
            await _parent(session, args.parent),
            definition=definition_of(session.settings, args.definition),
            recipe=changed(preset.recipe, args.changes),
            size=size_of(session.settings, args.size),
            name=args.name,
            preset=preset.title,
            reset_head=args.reset_head,
        )
        return await submit(session, args, plan)

    return in_session(args, act)


async def _parent(session: Session, text: str) -> ParentInfo:
    path = os.path.abspath(os.path.expanduser(text))
    if text.endswith(".pth") or os.path.isfile(path):  # whatever it is called: it is said what is wrong with it
        return await session.inspect(PurePosixPath(path))
    return await session.parent_of(await session.find(text))
