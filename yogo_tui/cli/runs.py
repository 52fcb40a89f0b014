"""`yogo-tui runs`: every run there is, live and past."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from yogo_tui.cli.options import Commands, add_json, count, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(commands, "runs", "list the runs, live and past, newest first")
    parser.add_argument("words", nargs="*", metavar="WORD", help="only runs that have these in name, state or kind")
    parser.add_argument("-n", "--num", type=count, metavar="N", help="only the N newest")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    async def act(session: Session) -> int:
        from yogo.terminal import printable
        from yogo_tui.cli.output import (
            RUN_HEAD,
            RUN_NUMBERS,
            print_json,
            print_table,
            run_json,
            run_row,
            terminal_width,
        )
        from yogo_tui.widgets.words import cut_middle

        seen = await session.runs()
        words = [word.lower() for word in args.words]
        found = [
            run for run in seen.runs if all(word in f"{run.name} {run.state} {run.kind_word}".lower() for word in words)
        ]
        found = found[: args.num]
        if args.json:
            print_json([run_json(run) for run in found])
        elif found:
            if (columns := terminal_width()) is not None:
                print(cut_middle(f"{session.runs_folder} · {session.cluster.name}", columns))
            print_table(RUN_HEAD, [run_row(run) for run in found], right=RUN_NUMBERS)
            for run in found:
                for notice in run.notices:
                    print(printable(f"! {run.name}: {notice}"), file=sys.stderr)
        else:
            print(
                f"There are no {'such ' if args.words else ''}runs in {printable(str(session.runs_folder))}.",
                file=sys.stderr,
            )
        if seen.queue.stale:
            print(printable(f"! {seen.queue.stale}"), file=sys.stderr)
        return 0

    return in_session(args, act)
