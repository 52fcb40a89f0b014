"""The command `yogo-tui`: the console without a command, and each of its actions as a command for scripts.

Each module named in COMMANDS has `register(commands)`; it sets `run`, a function of the arguments that returns the
exit status: 0 done, 1 failed, 2 misused. They import what they need when they run, so that a login node waits for
no library that a command has no use for.
"""

from __future__ import annotations

import argparse
import errno
import gc
import importlib
import os
import sys
from collections.abc import Sequence

from yogo.distribution import VERSION, installing
from yogo.errors import YogoError
from yogo.output import must_arrive, steady
from yogo.places import why_not
from yogo.terminal import printable, redraws
from yogo_tui.asking import Stopped, heard
from yogo_tui.errors import ConsoleError

_THE_USERS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR}
"""What can be wrong with a disk or a path, rather than with the program."""

COMMANDS = (
    "datasets",
    "recipes",
    "render",
    "launch",
    "chain",
    "resume",
    "runs",
    "jobs",
    "logs",
    "plot",
    "cancel",
    "forget",
    "use",
    "config",
    "demo",
)

PRINT_ONLY = ("datasets", "recipes", "render", "runs", "jobs", "logs", "plot")
"""What these print is all that they give; the others' outcome is a job, or a file."""


def start_quickly() -> None:
    """Spare a start what it need not wait for: garbage collection, which would find none (the console turns it on
    again once it is drawn), and pydantic's search of all that is installed for plugins."""
    gc.disable()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def parser() -> argparse.ArgumentParser:
    from yogo.arguments import Parser
    from yogo_tui.cli.options import add_common

    top = Parser(
        prog="yogo-tui",
        description="A terminal console for training YOGO. Run it without a command to open the console.",
        epilog="Exit status: 0 done, 1 failed, 2 misused. `yogo-tui COMMAND --help` says more.",
    )
    top.add_argument("--version", action="version", version=f"yogo-tui {VERSION}")
    add_common(top, default=None)
    top.set_defaults(run=_open)
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    for name in COMMANDS:
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

    args = parser().parse_args(argv)
    if args.run is not _open:
        gc.enable()
    if args.command in PRINT_ONLY:
        must_arrive()
    try:
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
    """The console itself."""
    from yogo_tui.cli.options import Misuse, settings_of

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _fail("The console needs a terminal; its actions are commands too: yogo-tui --help.", 2)
    if not redraws(sys.stdout):
        return _fail(
            f"The console cannot be drawn on this terminal (TERM={os.environ.get('TERM')}): set TERM to what it is, "
            "such as xterm-256color. Its actions are commands too: yogo-tui --help.",
            2,
        )
    if not sys.stderr.isatty():
        return _fail("The console is drawn on the standard error output, which is no terminal: leave out the 2>.", 2)
    try:
        from yogo_tui.app import run_console
    except ImportError as error:
        raise Misuse(f"The console needs {error.name}, which is not installed: {installing('tui')}") from error
    return run_console(settings_of(args))


def _fail(sentence: str, status: int) -> int:
    lines = [printable(line) for line in sentence.splitlines()]
    print(f"yogo-tui: {chr(10).join(lines)}", file=sys.stderr)
    return status
