"""`yogo-tui chain`: submit a fine-tune that starts from the weights of a run or of a checkpoint file."""

from __future__ import annotations

import argparse
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from yogo_tui.cli.options import Commands, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.runs.parent import ParentInfo
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    from yogo_tui.cli.launch import add_script, add_submitting, add_then
    from yogo_tui.cli.planning_options import DEFINITION_HELP, add_force, add_planning

    parser = new_command(
        commands,
        "chain",
        "submit a fine-tune from the weights of a run or of a checkpoint file",
        "If the run has not finished yet, the fine-tune waits for it in the queue.",
    )
    parser.add_argument(
        "parent",
        metavar="RUN_OR_PTH",
        help="What to start from: a run's name, its folder or its job's id, or a checkpoint file (.pth).",
    )
    parser.add_argument(
        "definition", metavar="DEFINITION", help=f"The dataset definition to train on: {DEFINITION_HELP}"
    )
    parser.add_argument(
        "--reset-head",
        action="store_true",
        help="Start with new class outputs, so that the classes may differ from those of RUN_OR_PTH.",
    )
    add_planning(parser, recipe="finetune")
    add_then(parser)
    add_force(parser)
    add_script(parser)
    add_submitting(parser)
    parser.set_defaults(run=run)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.launch import check_submitting, submit, with_then
    from yogo_tui.cli.planning import changed, definition_of, size_of
    from yogo_tui.session.changes import Setup, differences, read_changes

    check_submitting(args)
    preset = await session.library.preset(args.recipe)
    base = Setup(preset.recipe, size_of(session.settings, args.size))
    now = changed(base, args.changes)
    plan = await session.planner.finetune(
        await _parent(session, args.parent),
        definition=await definition_of(session.library, args.definition, check=not args.force),
        recipe=now.recipe,
        size=now.size,
        name=args.name,
        preset=preset.title,
        changes=differences(base, now),
        asked=read_changes(args.changes),
        reset_head=args.reset_head,
    )
    return await submit(session, args, *await with_then(session, args, plan))


async def _parent(session: Session, text: str) -> ParentInfo:
    from yogo_tui.questions.paths import FindPath

    found = await session.host.ask(FindPath(text, session.settings.start))
    if text.endswith(".pth") or found.is_file:  # a file of another name gets its own error
        return await session.planner.parent_of_file(PurePosixPath(found.path))
    return await session.planner.parent_of(await session.runs.find(text))
