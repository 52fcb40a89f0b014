"""`yogo-tui note`: show or change the title, note, tags and pin of runs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from yogo_tui.cli.options import RUN_HELP, Commands, Misuse, add_json, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "note",
        "show or change the title, note, tags and pin of runs",
        "They are kept in notes.yaml in the run's folder. Without an option that changes them, they are printed.",
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help=RUN_HELP)
    parser.add_argument("--text", metavar="TEXT", help="The note. An empty one takes it away.")
    parser.add_argument("--title", metavar="TEXT", help="What the list shows in place of the name. Likewise.")
    parser.add_argument("--tag", action="append", default=[], metavar="A,B", help="Add these tags.")
    parser.add_argument("--untag", action="append", default=[], metavar="A,B", help="Take these tags away.")
    parser.add_argument(
        "--pin", action=argparse.BooleanOptionalAction, help="Show it above all others in the console, or not."
    )
    add_json(parser)
    parser.set_defaults(run=run)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    from dataclasses import replace

    from yogo.run.notes import tags_in
    from yogo_tui.cli.output import print_json, print_table, run_json
    from yogo_tui.session.notebook import NotesEdit

    if args.title and len(args.runs) > 1:
        raise Misuse("A title is for one run.")
    runs = await session.runs.find_all(args.runs)
    change = NotesEdit(
        args.title,
        args.text,
        add=tags_in(" ".join(args.tag)),
        remove=tags_in(" ".join(args.untag)),
        pinned=args.pin,
    )
    if change != NotesEdit():
        notes = await session.notebook.change(runs, change)
        runs = tuple(replace(run, notes=notes[run.key]) for run in runs)
    if args.json:
        print_json([run_json(run) for run in runs])
        return 0
    rows = [(run.name, run.title, " ".join(run.tags), "yes" if run.is_pinned else "", run.note) for run in runs]
    print_table(("name", "title", "tags", "pinned", "note"), rows)
    return 0
