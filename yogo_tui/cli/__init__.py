"""The command `yogo-tui`: it opens the console, and each action of the console is a command of its own.

Each module named in COMMANDS has `register(commands)`; it sets `run`, a function of the arguments that returns the
exit status: 0 success, 1 failure, 2 usage error. A command imports what it needs when it runs, so that all start
quickly.
"""

from __future__ import annotations

import argparse
import errno
import gc
import importlib
import os
import sys
from collections.abc import Sequence

from yogo.distribution import VERSION
from yogo.errors import YogoError
from yogo.files.places import why_not
from yogo.text.output import must_arrive, steady
from yogo.text.terminal import printable, redraws
from yogo.text.wording import ended
from yogo_tui.advice import work_where
from yogo_tui.asking import Stopped, heard
from yogo_tui.errors import ConsoleError

_THE_USERS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR}
"""Errors caused by a disk or a path, not by the program."""

COMMANDS = (
    "datasets",
    "data",
    "labels",
    "recipes",
    "render",
    "when",
    "launch",
    "chain",
    "resume",
    "again",
    "sweep",
    "runs",
    "jobs",
    "commands",
    "wait",
    "why",
    "logs",
    "plot",
    "compare",
    "report",
    "note",
    "trash",
    "clean",
    "sync",
    "results",
    "review",
    "chosen",
    "cancel",
    "hold",
    "release",
    "requeue",
    "forget",
    "use",
    "config",
    "doctor",
    "wrappers",
    "demo",
    "serve",
    "completion",
)

PRINT_ONLY = (
    "datasets",
    "data",
    "render",
    "when",
    "runs",
    "jobs",
    "commands",
    "completion",
    "why",
    "logs",
    "plot",
    "compare",
    "results",
)
"""Commands whose only result is what they print; the others submit a job or write a file."""


_YOUNG = 50_000
"""New objects before garbage is looked for: a list of thousands of runs is that many, and none of them garbage."""


def start_quickly() -> None:
    """Speed up the start: turn off garbage collection, which would find nothing yet (the console turns it on again once
    it is drawn), and pydantic's search for plugins in all installed packages."""
    gc.disable()
    gc.set_threshold(_YOUNG)  # for when it is turned on again
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def parser(first: str = "") -> argparse.ArgumentParser:
    """Of all commands, or of this one alone where it is one."""
    from yogo.text.arguments import Parser
    from yogo_tui.cli.once import OVER, size
    from yogo_tui.cli.options import add_common
    from yogo_tui.modes import MODES

    top = Parser(
        prog="yogo-tui",
        description="A terminal console for training YOGO. Run it without a command to open the console.",
        epilog="Exit status: 0 success, 1 failure, 2 usage error, 130 stopped by ctrl+c. "
        "`yogo-tui COMMAND --help` explains a command and its options.",
    )
    top.add_argument("--version", action="version", version=f"yogo-tui {VERSION}")
    add_common(top, default=None)
    top.add_argument(
        "--once",
        choices=[*(mode.name for mode in MODES), *OVER],
        help="Print this screen as text, once what it shows is known, and leave.",
    )
    top.add_argument(
        "--size", type=size, metavar="COLUMNSxROWS", help="Its size, such as 80x24. (default: the terminal's)"
    )
    top.set_defaults(run=_open)
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    for name in (first,) if first in COMMANDS else COMMANDS:
        importlib.import_module(f"yogo_tui.cli.{name}").register(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    start_quickly()
    steady()
    try:
        with heard():
            return _status(argv)
    except Stopped as stopped:
        return _fail(stopped.sentence, stopped.status)
    except KeyboardInterrupt:
        return _fail("Stopped.", 130)


def _status(argv: Sequence[str] | None) -> int:
    from yogo_tui.cli.options import Misuse

    try:
        words = sys.argv[1:] if argv is None else argv
        args = parser(words[0] if words else "").parse_args(words)
        work_where(args)
        if args.run is not _open:
            gc.freeze()
            gc.enable()
        if args.command in PRINT_ONLY:
            must_arrive()
        status: int = args.run(args)
        sys.stdout.flush()
    except (ConsoleError, YogoError) as error:
        return _fail(str(error), 2 if isinstance(error, Misuse) else 1)
    except BrokenPipeError:
        return 1
    except OSError as error:
        if error.errno not in _THE_USERS:
            raise
        return _fail(why_not(error), 1)
    return status


def _open(args: argparse.Namespace) -> int:
    """Open the console. Returns the exit status. Raises what `console.run` and `once.run` raise."""
    if args.once:
        from yogo_tui.cli import once

        must_arrive()
        return once.run(args)
    if why := why_no_console():
        return _fail(why, 2)
    from yogo_tui.cli import console

    return console.run(args)


def why_no_console() -> str:
    """Why the console cannot be opened here; empty if it can."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return "The console needs a terminal. Its actions are commands too: yogo-tui --help."
    if not redraws(sys.stdout):
        return (
            f"The console cannot be drawn on this terminal (TERM={os.environ.get('TERM')}): set TERM to what it is, "
            "such as xterm-256color. Its actions are commands too: yogo-tui --help."
        )
    if not sys.stderr.isatty():
        return "The console is drawn on standard error, which is not a terminal: do not redirect it (2>)."
    return ""


def _fail(sentence: str, status: int) -> int:
    lines = [printable(line) for line in ended(sentence).splitlines()]
    print(f"yogo-tui: {chr(10).join(lines)}", file=sys.stderr)
    return status
