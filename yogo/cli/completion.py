"""`yogo completion`: prints what a shell needs to complete the words of `yogo`."""

from __future__ import annotations

import argparse

from yogo.distribution import installing
from yogo.errors import YogoError
from yogo.text.completion import SHELLS


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "completion",
        help="print what a shell needs to complete the words of yogo",
        description="Print what a shell needs to complete the words of yogo. For bash: "
        "`yogo completion bash > ~/.local/share/bash-completion/completions/yogo`; `yogo-tui completion` does the same "
        "for yogo-tui.",
    )
    parser.add_argument("shell", choices=SHELLS, help="The shell.")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from yogo.cli import parser
    from yogo.text.completion import script

    try:
        text = script(parser(), args.shell, names={}, preamble={})
    except ImportError as error:
        raise YogoError(f"This needs {error.name}, which is not installed: {installing('completion')}") from error
    print(text)
    return 0
