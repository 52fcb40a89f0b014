"""Train, test and run a detector of cells.

That is the command `yogo`. Each command's arguments are parsed first, and torch is imported after, if at all.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import sys
from collections.abc import Callable, Sequence

from yogo.arguments import Parser
from yogo.distribution import VERSION, conflict, installing
from yogo.errors import YogoError
from yogo.output import must_arrive, steady
from yogo.places import why_not
from yogo.terminal import printable
from yogo.training import signals
from yogo.wording import meant

COMMANDS = ("train", "synth", "check", "anchors", "inspect", "claim", "verify", "infer", "export", "test")
"""Each is a module beside this one with `register(commands)`; it sets `run`, a function of the arguments that
returns the exit status: 0 done, 1 failed, 2 misused, 75 stopped on request and worth resuming."""


PRINT_ONLY = ("anchors", "inspect")
"""What these print is all that they give; the others' outcome is a file, or an answer by exit status."""

_THE_DISKS = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE),
    *(errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP),
}
"""Errors that a disk or a path is to blame for, and not the program."""


class _Parser(Parser):
    """Takes no abbreviated flag: `allow_abbrev` forbids those of two dashes, and leaves `-b` to mean `-bs`."""

    def _get_option_tuples(self, option_string: str) -> list[tuple[argparse.Action, str, str | None]]:
        return super()._get_option_tuples(option_string) if option_string.startswith("--") else []

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            raise argparse.ArgumentError(action, f"there is no {value}. {meant(str(value), map(str, action.choices))}")


def parser() -> argparse.ArgumentParser:
    top = _Parser(prog="yogo", description="Train, test and run a detector of cells.")
    top.add_argument("--version", action="version", version=f"yogo {VERSION}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        importlib.import_module(f"yogo.cli.{name}").register(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    steady()
    is_process, argv = argv is None, sys.argv[1:] if argv is None else list(argv)
    with signals.heard(to_the_end=is_process):
        signals.INBOX.is_resumable = argv[:1] == ["train"]
        status = guarded(lambda: _run(argv))
    if is_process and signals.INBOX.pending:
        signals.leave(status)
    return status


def _run(argv: Sequence[str]) -> int:
    if beside := conflict():
        print(f"yogo: {printable(beside)}", file=sys.stderr)
    args = _parsed(argv)
    if args.command in PRINT_ONLY:
        must_arrive()
    status: int = args.run(args)
    return status


def _parsed(argv: Sequence[str]) -> argparse.Namespace:
    """Flags that a command does not know are said with the command's own usage."""
    top = parser()
    args, unknown = top.parse_known_args(argv)
    if unknown:
        (commands,) = (action for action in top._actions if isinstance(action, argparse._SubParsersAction))
        command: argparse.ArgumentParser = commands.choices[args.command]
        near = meant(unknown[0].partition("=")[0], command._option_string_actions)
        command.error(f"unrecognized arguments: {' '.join(unknown)}" + f". {near}" * near.startswith("Did"))
    return args


def guarded(action: Callable[[], int]) -> int:
    """The exit status of a command; an error that a person can act upon is said in one sentence, on standard error."""
    try:
        status = action()
        sys.stdout.flush()
    except YogoError as error:
        return _fail(str(error))
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in {"", "yogo"}:
            raise
        return _fail(f"This needs the package {package}, which is not installed: {installing('train')}")
    except BrokenPipeError:
        return 1
    except OSError as error:
        if error.errno not in _THE_DISKS:
            raise
        return _fail(why_not(error))
    except KeyboardInterrupt as stop:
        return _stopped(stop)
    return status


def _stopped(stop: KeyboardInterrupt) -> int:
    """The exit status of a command that was stopped, which is said where it was not yet."""
    if not isinstance(stop, signals.Stop):
        return _fail("Stopped.", status=signals.INTERRUPTED)
    if not (stop.is_said or signals.INBOX.is_quiet):
        _fail(f"Stopped by {signals.spoken(stop.signum)}.")
    return signals.INBOX.status(stop.signum)


def _fail(sentence: str, status: int = 1) -> int:
    print(f"yogo: {printable(sentence)}", file=sys.stderr)
    return status
