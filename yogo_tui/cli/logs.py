"""`yogo-tui logs`: the end of a run's log, and, with -f, what is added to it."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import TYPE_CHECKING

from yogo.terminal import redraws
from yogo_tui.cli.options import Commands, add_json, count, in_session, new_command
from yogo_tui.errors import LaunchError

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from yogo_tui.runs.logfile import LogLine
    from yogo_tui.runs.model import Run
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(commands, "logs", "show the end of a run's log")
    parser.add_argument("name", metavar="RUN", help="the run's name or folder, or its job's id")
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what is added, until the run is over")
    parser.add_argument("-n", "--lines", type=count, default=20, metavar="N", help="how many lines of its end (20)")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    async def act(session: Session) -> int:
        from yogo.terminal import printable
        from yogo_tui.cli.output import print_json
        from yogo_tui.runs.logfollow import tail

        run = await session.find(args.name)
        goes_on = args.follow and not run.state.is_over
        log = run.log_to_come if run.log_to_come and goes_on else run.log
        if log is None:
            raise LaunchError(f"There is no log of {run.name} to show. {run.no_log}")
        await _wait_for(session, run, log, may_come=goes_on)
        if args.follow:
            await _follow(session, run, log, args.lines, as_json=args.json)
            return 0
        lines = await tail(session.host, log, args.lines)
        if args.json:
            print_json({"name": run.name, "log": log, "lines": [line.text.plain for line in lines]})
        for line in lines if not args.json else ():
            _print(line)
        if not lines:
            print(printable(f"{log} is empty."), file=sys.stderr)
        if run.log_to_come:
            yet = "" if run.state.is_over else " yet"
            print(printable(f"This is {log}: there is no {run.log_to_come.name}{yet}."), file=sys.stderr)
        return 0

    return in_session(args, act)


async def _wait_for(session: Session, run: Run, log: PurePosixPath, *, may_come: bool) -> None:
    """Say so where there is no log yet. Raises LaunchError if it is not to be waited for."""
    from yogo.terminal import printable
    from yogo_tui.cli.waiting import told

    try:
        await session.host.read(log, limit=1)
    except FileNotFoundError:
        if not may_come:
            raise LaunchError(f"There is no log {log}. {told(run)}.") from None
        print(printable(f"waiting for {log} …"), file=sys.stderr, flush=True)


def _is_same(one: Run, run: Run) -> bool:
    return one.path == run.path if run.path else (one.job and one.job.id) == (run.job and run.job.id)


async def _follow(session: Session, run: Run, log: PurePosixPath, num_lines: int, *, as_json: bool) -> None:
    from yogo_tui.runs.logfollow import follow

    over = asyncio.Event()

    async def watch() -> None:
        async for seen in session.watch_runs():
            if all(one.state.is_over for one in seen.runs if _is_same(one, run)):
                over.set()

    watching = asyncio.create_task(watch())
    try:
        async for line in follow(session.host, log, num_lines=num_lines, is_over=over.is_set):
            if as_json:
                if line.is_finished:
                    print(json.dumps({"line": line.text.plain}), flush=True)
            elif line.is_finished or redraws(sys.stdout):
                _print(line)
    finally:
        watching.cancel()


def _print(line: LogLine) -> None:
    """Colours on a terminal, plain text elsewhere; an unfinished line is drawn over by what follows it."""
    text = line.text.plain
    if redraws(sys.stdout):
        from rich.console import Console

        with (console := Console(highlight=False, soft_wrap=True)).capture() as capture:
            console.print(line.text, end="")
        text = f"\r\x1b[K{capture.get()}"
    end = "\n" if line.is_finished or not redraws(sys.stdout) else ""
    print(text, end=end, flush=True)
