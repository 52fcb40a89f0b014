"""`yogo-tui trash`: move runs to the trash, show what is in it, bring it back, or empty it."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from yogo.text.terminal import printable
from yogo_tui.cli.options import RUN_HELP, Commands, Misuse, add_json, in_session, new_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "trash",
        "move runs to the trash, show what is in it, bring it back, or empty it",
        "The trash is the folder .trash beside the runs. A run that waits or runs is refused. Without a RUN or an "
        "option, what is in the trash is listed.",
    )
    parser.add_argument("runs", nargs="*", metavar="RUN", help=RUN_HELP)
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--undo", action="store_true", help="Bring back what was moved last.")
    other.add_argument("--empty", action="store_true", help="Remove for good what is in the trash.")
    parser.add_argument("--yes", action="store_true", help="Do not ask for confirmation.")
    add_json(parser)
    parser.set_defaults(run=run)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    if args.runs:
        if args.undo or args.empty:
            raise Misuse("--undo and --empty act on the trash: name no run with them.")
        return await _move(session, args.runs, yes=args.yes)
    if args.undo or args.empty:
        return await (_undo if args.undo else _empty)(session, yes=args.yes)
    return await _list(session, as_json=args.json)


async def _move(session: Session, names: Sequence[str], *, yes: bool) -> int:
    from yogo_tui.cli.output import confirm

    runs = await session.runs.find_all(names)
    seen = (await session.runs.look()).runs
    if not confirm(await session.trash.what_it_does(runs, seen), yes=yes):
        return 1
    await session.trash.move(runs)
    print(printable(f"moved to the trash: {', '.join(run.name for run in runs)}"))
    return 0


async def _undo(session: Session, *, yes: bool) -> int:
    from yogo_tui.cli.output import confirm

    batches = await session.trash.content()
    if not batches:
        print("The trash is empty.", file=sys.stderr)
        return 1
    names = ", ".join(batches[0].names)
    if not confirm(f"Bring {names} back from the trash?", yes=yes):
        return 1
    await session.trash.undo(batches[0])
    print(printable(f"brought back: {names}"))
    return 0


async def _empty(session: Session, *, yes: bool) -> int:
    from yogo.text.wording import counted
    from yogo_tui.cli.output import confirm
    from yogo_tui.words import size_words

    batches = await session.trash.content()
    names = [name for batch in batches for name in batch.names]
    size = size_words(sum(batch.num_bytes for batch in batches))
    said = f"{counted(len(names), 'run')} ({size}): {', '.join(names)}"
    if batches and not confirm(f"Remove for good {said}?", yes=yes):
        return 1
    await session.trash.empty(batches)
    print(printable(f"removed {said}" if batches else "The trash is empty."))
    return 0


async def _list(session: Session, *, as_json: bool) -> int:
    from yogo_tui.cli.output import print_json, print_table
    from yogo_tui.words import size_words

    batches = await session.trash.content()
    if as_json:
        print_json([{"path": one.path, "runs": list(one.names), "bytes": one.num_bytes} for one in batches])
    elif batches:
        rows = [(one.at, ", ".join(one.names), size_words(one.num_bytes)) for one in batches]
        print_table(("moved", "runs", "size"), rows, right=("size",))
    else:
        print("The trash is empty.", file=sys.stderr)
    return 0
