"""`yogo-tui serve`: answer the questions of a console on another machine."""

from __future__ import annotations

import argparse

from yogo_tui.cli.options import Commands, new_command


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands, "serve", "answer a console on another machine, which starts this itself (yogo-tui --host)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from yogo_tui.serving.serve import main

    return main()
