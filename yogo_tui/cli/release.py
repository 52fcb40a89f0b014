"""`yogo-tui release`: let jobs that are held start again."""

from __future__ import annotations

import argparse

from yogo_tui.cli.changing import add
from yogo_tui.cli.options import Commands


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    add(commands, "release", "let jobs that are held take their turn again")
