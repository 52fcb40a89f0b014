"""`yogo-tui logs`: print the end of a run's log, or its lines about a step, and, with -f, each line that is added."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from yogo.text.terminal import printable, redraws
from yogo_tui.cli.options import RUN_HELP, Commands, Misuse, add_json, count, in_session, new_command
from yogo_tui.errors import HostError, LaunchError

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from yogo_tui.runs.logfile import LogLine
    from yogo_tui.runs.logguide import LogGuide
    from yogo_tui.runs.model import Run
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(commands, "logs", "print the end of a run's log")
    parser.add_argument("name", metavar="RUN", help=RUN_HELP)
    parser.add_argument(
        "-f", "--follow", action="store_true", help="Print each line that is added too, until the run is over."
    )
    parser.add_argument(
        "-n", "--lines", type=count, default=20, metavar="N", help="Print the last N lines. (default: 20)"
    )
    parser.add_argument(
        "--save", type=Path, metavar="FILE", help="Copy the whole log to this file here, and print nothing of it."
    )
    parser.add_argument(
        "--times",
        action="store_true",
        help="Print before each line when it was written, if the run has recorded that.",
    )
    parser.add_argument(
        "--step", type=count, metavar="N", help="Begin with the line of this step, or with the nearest to it."
    )
    add_json(parser)
    parser.set_defaults(run=run)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json

    if args.follow and (args.times or args.step):
        raise Misuse("--times and --step are for lines that are there: leave out -f.")
    run = await session.runs.find(args.name)
    goes_on = args.follow and not run.state.is_over
    log = run.log_to_come if run.log_to_come and goes_on else run.log
    if log is None:
        raise LaunchError(f"There is no log of {run.name} to show. {run.no_log}")
    if args.save:
        from yogo_tui.runs.logsave import save

        size = await save(session.host, log, args.save)
        if args.json:
            print_json({"name": run.name, "log": log, "saved": args.save, "bytes": size})
        else:
            print(printable(f"{size:,} bytes of {log} were saved to {args.save}"))
        return 0
    await _wait_for(session, run, log, may_come=goes_on)
    if args.follow:
        await _follow(session, run, log, args.lines, as_json=args.json)
        return 0
    lines = await _show(session, run, log, args)
    if not lines:
        print(printable(f"{log} is empty."), file=sys.stderr)
    if run.log_to_come:
        yet = "" if run.state.is_over else " yet"
        print(printable(f"This is {log}: there is no {run.log_to_come.name}{yet}."), file=sys.stderr)
    return 0


async def _show(session: Session, run: Run, log: PurePosixPath, args: argparse.Namespace) -> list[LogLine]:
    """Print the lines that are asked for, and return them."""
    from yogo_tui.cli.output import print_json
    from yogo_tui.runs.logfollow import tail

    guide = await _guide(session, run, log) if args.times or args.step else None
    if guide and args.step:
        lines = await guide.lines_from(args.step, args.lines)
    else:
        lines = await tail(session.host, log, args.lines)
    if args.json:
        told = {"name": run.name, "log": log, "lines": [line.text.plain for line in lines]}
        print_json(told | ({"about": [_about(guide, line) for line in lines]} if guide else {}))
    for line in lines if not args.json else ():
        _print(line, _time(guide, line) if guide and args.times else "")
    return lines


async def _guide(session: Session, run: Run, log: PurePosixPath) -> LogGuide:
    from yogo_tui.runs.logguide import LogGuide

    return await LogGuide.of(session.host, run, log)


def _about(guide: LogGuide, line: LogLine) -> dict[str, object]:
    at = guide.written_at(line)
    return {"written_at": at.isoformat() if at else None, "step": guide.step_of(line)}


def _time(guide: LogGuide, line: LogLine) -> str:
    """Before a line, in this machine's time zone."""
    from datetime import UTC, datetime

    from yogo_tui.runs.logtimes import WIDTH, WrittenAt

    at = guide.written_at(line)
    return WrittenAt(at).words(datetime.now(UTC).astimezone()) if at else " " * WIDTH


async def _wait_for(session: Session, run: Run, log: PurePosixPath, *, may_come: bool) -> None:
    """Say so if there is no log yet. Raises LaunchError if none is to come (not `may_come`)."""
    from yogo_tui.cli.waiting import told

    try:
        await session.host.read(log, limit=1)
    except FileNotFoundError:
        if not may_come:
            raise LaunchError(f"There is no log {log}. {told(run)}.") from None
        print(printable(f"waiting for {log} …"), file=sys.stderr, flush=True)


async def _follow(session: Session, run: Run, log: PurePosixPath, num_lines: int, *, as_json: bool) -> None:
    import asyncio
    import json

    from yogo_tui.runs.logfollow import follow

    over = asyncio.Event()

    async def watch() -> None:
        async for seen in session.runs.watch():
            if all(one.state.is_over for one in seen.runs if one.key == run.key):
                over.set()

    watching = asyncio.create_task(watch())
    try:
        async for line in follow(session.host, log, num_lines=num_lines, is_over=over.is_set, lost=_tell_of):
            if as_json:
                if line.is_finished:
                    print(json.dumps({"line": line.text.plain}), flush=True)
            elif line.is_finished or redraws(sys.stdout):
                _print(line)
    finally:
        watching.cancel()


def _tell_of(error: HostError) -> None:
    print(printable(f"! {error} The log goes on as soon as it can be read again."), file=sys.stderr, flush=True)


def _print(line: LogLine, head: str = "") -> None:
    """Print in colour on a terminal, else as plain text. The next line overwrites an unfinished one."""
    text = f"{head}{line.text.plain}"
    if redraws(sys.stdout):
        from rich.console import Console

        with (console := Console(highlight=False, soft_wrap=True)).capture() as capture:
            console.print(line.text, end="")
        text = f"\r\x1b[K{head}{capture.get()}"
    end = "\n" if line.is_finished or not redraws(sys.stdout) else ""
    print(text, end=end, flush=True)
