"""`yogo-tui clean`: remove from the disk what nobody needs any more."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from yogo.text.terminal import printable
from yogo_tui.cli.options import Commands, add_json, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "clean",
        "remove from the disk what nobody needs any more",
        "That is last.previous.pth of runs that have finished; decoded images in ~/.cache/yogo that no run in the "
        "folders of runs and no definition in those of definitions has; what was remembered there of labels and "
        "images, and compiled of networks, and not used for 90 days; and what programs left that were killed: .part "
        "files and launches that are older than a day. All is listed first. Nothing of a run that trains is touched, "
        "and nothing that belongs to another user. It does not go to the trash.",
    )
    parser.add_argument("--dry-run", action="store_true", help="Only list what would be removed, and how much it is.")
    parser.add_argument("--yes", action="store_true", help="Do not ask for confirmation.")
    add_json(parser)
    parser.set_defaults(run=run)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import confirm, print_json
    from yogo_tui.cli.progress import live
    from yogo_tui.session.cleaning import done_words, said_of, what_it_does

    with live() as tell:
        found = await session.cleaning.find(tell)
    for line in said_of(found) if not args.json else ():
        print(printable(line), flush=True)
    if not found.found and not args.json:
        print("There is nothing to remove.", file=sys.stderr)
    is_meant = bool(found.found) and not args.dry_run
    if is_meant and not confirm(what_it_does(found), yes=args.yes):
        return 1
    with live() as tell:
        removal = await session.cleaning.remove(found, tell) if is_meant else None
    if args.json:
        listed = [{"kind": one.kind, "path": one.path, "bytes": one.num_bytes} for one in found.found]
        print_json(
            {"found": listed, "bytes": found.num_bytes, "notes": list(found.notes), "cache_bytes": found.cache_bytes}
            | {"removed_bytes": removal.num_bytes if removal else 0, "left": list(removal.left) if removal else []}
        )
    elif removal:
        print(printable(done_words(found, removal)))
    for sentence in removal.left if removal and not args.json else ():
        print(f"! {printable(sentence)}", file=sys.stderr)
    return int(bool(removal and removal.left))
