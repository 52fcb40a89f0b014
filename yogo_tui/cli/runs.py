"""`yogo-tui runs`: list the runs."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from yogo.text.terminal import printable
from yogo.text.wording import listed
from yogo_tui.cli.options import Commands, Misuse, add_json, count, in_session, new_command

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from yogo_tui.listing.columns import Column
    from yogo_tui.listing.groups import Group
    from yogo_tui.runs.model import Run
    from yogo_tui.session import Session


_FEW = 3
"""As many names as are told of what is said of several runs."""

_COLUMNS = ("name", "state", "kind", "epoch", "best loss", "mAP50", "ends in", "age", "why")


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "runs",
        "list the runs, newest first",
        "Runs that wait, run or are over are all listed, with their progress, best validation loss and mAP50.",
        "A TERM is a word in the run's name, title, state, kind, tags, note or reason, or a column and what it holds: "
        "state:failed, data:bccd, 'lr>0.001', 'age<2d', and, behind --, -state:failed for all others. Quote < and > "
        "for the shell.",
    )
    parser.add_argument("words", nargs="*", metavar="TERM", help="List only runs of which each TERM is true.")
    parser.add_argument("--sort", metavar="COLUMN", help="Sort by this column. (default: age)")
    parser.add_argument(
        "--group", metavar="WHAT", help="Group them by chain, tag, state, kind, data, recipe, parent, model or title."
    )
    parser.add_argument("--reverse", action="store_true", help="Sort the other way round.")
    parser.add_argument(
        "--columns",
        metavar="A,B",
        help=f"Show these columns; `help` lists all there are. (default: {','.join(_COLUMNS)})",
    )
    parser.add_argument(
        "--keep", action="store_true", help="Keep the columns in the settings: the console's list shows them then."
    )
    parser.add_argument("-n", "--num", type=count, metavar="N", help="List only the first N. (default: all)")
    add_json(parser)
    parser.set_defaults(run=run)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json, print_table, run_json, terminal_width
    from yogo_tui.listing.columns import chosen, sortable
    from yogo_tui.listing.groups import Group, grouped, grouping
    from yogo_tui.listing.order import DEFAULT, Order
    from yogo_tui.listing.query import parse
    from yogo_tui.words import cut_middle

    if args.columns == "help":
        print_table(("column", "what it is"), [(column.key, column.help) for column in sortable()])
        return 0
    wanted, order = parse(" ".join(args.words)), Order.parse(args.sort) if args.sort else DEFAULT
    order = order.turned if args.reverse else order
    columns = chosen(args.columns.split(",") if args.columns else _COLUMNS, 0)
    if args.keep and not args.columns:
        raise Misuse("--keep keeps the columns that --columns names.")
    if args.keep:
        await session.keep_columns([column.key for column in columns])
    seen, now = await session.runs.look(), datetime.now(UTC)
    runs = await _sized(session, seen.runs, (*columns, order.column), args.words)
    found = order.of(wanted.of(runs, now), now)[: args.num]
    groups = grouped(found, grouping(args.group), seen.runs, now) if args.group else ()
    if args.json:
        named = [(group.name, run) for group in groups for run in group.runs]
        told = [run_json(run) | {"group": name} for name, run in named]
        print_json(told if args.group else [run_json(run) for run in found])
    elif found:
        if (width := terminal_width()) is not None:
            print(cut_middle(f"{session.runs.folder} · {session.cluster.name}", width))
        _print(groups or (Group("", found),), columns, args.group)
    else:
        print(
            f"There are no {'such ' if args.words else ''}runs in {printable(str(session.runs.folder))}.",
            file=sys.stderr,
        )
    if seen.queue.stale:
        print(printable(f"! {seen.queue.stale}"), file=sys.stderr)
    return 0


async def _sized(
    session: Session, runs: tuple[Run, ...], columns: Sequence[Column], words: Sequence[str]
) -> tuple[Run, ...]:
    """The runs with their sizes, where columns or filter need them."""
    from yogo_tui.listing.columns import find

    if find("size") not in columns and not any("size" in word for word in words):
        return runs
    await session.runs.measure(runs)
    return session.runs.with_sizes(runs)


def _print(groups: Sequence[Group], columns: Sequence[Column], by: str | None) -> None:
    """One table, with the name of its group before each run, where they are grouped by something."""
    from yogo_tui.cli.output import print_table

    now = datetime.now(UTC)
    rows = [
        [*([group.name] if by else []), *(_shown(column, run, drawn, now) for column in columns)]
        for group, drawn in ((group, group.drawn) for group in groups)
        for run in group.runs
    ]
    head = [*([f"by {by}"] if by else []), *(one.key for one in columns)]
    print_table(head, rows, right=[one.key for one in columns if one.is_number])
    told = dict[str, list[str]]()
    for run in (run for group in groups for run in group.runs):
        for notice in (*run.doubts, *run.notices):
            told.setdefault(notice, []).append(run.name)
    for notice, names in told.items():
        print(printable(f"! {_few(names)}: {notice}"), file=sys.stderr)


def _few(names: Sequence[str]) -> str:
    return listed(names) if len(names) <= _FEW else listed([*names[: _FEW - 1], f"{len(names) - _FEW + 1} more"])


def _shown(column: Column, run: Run, drawn: Mapping[str, str], now: datetime) -> str:
    words = column.shown(run, now)
    return f"{drawn.get(run.key, '')}{words}" if column.key == "name" else words
