"""Train, test and run a detector of cells.

This is the command `yogo`. Each command parses its arguments first, and imports torch after that, if at all.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from yogo import signals
from yogo.device.threads import THREADS
from yogo.distribution import VERSION, conflict
from yogo.exits import attended
from yogo.text.arguments import Parser
from yogo.text.output import must_arrive, steady
from yogo.text.terminal import printable

COMMANDS = (
    "train",
    "synth",
    "check",
    "data",
    "anchors",
    "inspect",
    "claim",
    "ask",
    "verify",
    "infer",
    "export",
    "test",
    "compare",
    "curve",
    "assay",
    "labels",
    "review",
    "label",
    "next",
    "doctor",
    "completion",
)
"""Each is a module beside this one with `register(commands)`; it sets `run`, a function of the arguments that
returns the exit status: 0 done, 1 failed, 2 usage error, 75 stopped on request and worth resuming."""


PRINT_ONLY = ("anchors", "compare", "inspect", "doctor", "completion")
"""Commands whose only result is what they print; the others write a file or answer by their exit status."""


RESUMABLE = (["train"], ["curve"])
"""Commands that go on where they were stopped."""


class _TopParser(Parser):
    """Takes no abbreviated flags: `allow_abbrev` forbids only those with two dashes, and still lets `-b` mean `-bs`."""

    def _get_option_tuples(self, option_string: str) -> list[tuple[argparse.Action, str, str | None]]:
        return super()._get_option_tuples(option_string) if option_string.startswith("--") else []


def parser() -> argparse.ArgumentParser:
    top = _TopParser(prog="yogo", description="Train, test and run a detector of cells.")
    top.add_argument("--version", action="version", version=f"yogo {VERSION}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        importlib.import_module(f"yogo.cli.{name}").register(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    steady()
    is_process, argv = argv is None, sys.argv[1:] if argv is None else list(argv)
    if is_process:
        THREADS.share_cores()
    status = attended(lambda: _run(argv), to_the_end=is_process, is_resumable=argv[:1] in RESUMABLE)
    if is_process and signals.STOP_REQUESTS.pending:
        signals.leave(status)
    return status


def _run(argv: Sequence[str]) -> int:
    if beside := conflict():
        print(f"yogo: {printable(beside)}", file=sys.stderr)
    args = parser().parse_args(argv)
    if args.command in PRINT_ONLY:
        must_arrive()
    status: int = args.run(args)
    return status
