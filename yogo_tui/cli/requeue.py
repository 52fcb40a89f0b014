"""`yogo-tui requeue`: put running jobs back into the queue."""

from __future__ import annotations

import argparse

from yogo_tui.cli.changing import add
from yogo_tui.cli.options import Commands


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    add(
        commands,
        "requeue",
        "stop jobs that run and put them back into the queue",
        "A run saves, and goes on from there when its job starts again. Slurm only: this machine requeues no job.",
    )
