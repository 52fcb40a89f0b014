"""`yogo-tui hold`: keep jobs that wait from starting."""

from __future__ import annotations

import argparse

from yogo_tui.cli.changing import add
from yogo_tui.cli.options import Commands


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    add(commands, "hold", "keep jobs that wait from starting until they are released")
