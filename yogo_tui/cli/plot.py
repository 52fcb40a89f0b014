"""`yogo-tui plot`: a run's training and validation loss, drawn in the terminal."""

from __future__ import annotations

import argparse
import shutil
import sys
from typing import TYPE_CHECKING

from yogo.terminal import has_colour
from yogo_tui.cli.options import Commands, add_json, in_session, new_command
from yogo_tui.errors import LaunchError

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from yogo.run.history import History
    from yogo_tui.hosts.base import Host
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(commands, "plot", "draw a run's loss, on a logarithmic scale")
    parser.add_argument("name", metavar="RUN", help="the run's name or folder")
    parser.add_argument("--width", type=int, help="columns (the terminal's)")
    parser.add_argument("--height", type=int, default=16, help="lines of the plot itself (16)")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    async def act(session: Session) -> int:
        from yogo_tui.cli.braille import draw
        from yogo_tui.cli.output import print_json
        from yogo_tui.cli.waiting import told

        run = await session.find(args.name)
        if run.path is None:
            raise LaunchError(f"{run.name} is a job that is no run of these folders: it has no curves.")
        history = await _read(session.host, run.path)
        curves = _curves(history)
        if args.json:
            print_json({name: [list(point) for point in points] for name, points in curves.items()})
            return 0
        if not any(value is not None for points in curves.values() for _, value in points):
            raise LaunchError(f"There is no loss to draw yet. {told(run)}.")
        print(told(run))
        width = args.width or shutil.get_terminal_size().columns
        for line in draw(curves, width=max(width, 20), height=max(args.height, 4), colour=has_colour(sys.stdout)):
            print(line)
        return 0

    return in_session(args, act)


async def _read(host: Host, path: PurePosixPath) -> History:
    from yogo_tui.runs.events import EventsReader

    reader = EventsReader(host, path / "events.jsonl", whole=True)
    await reader.read()
    return reader.history


def _curves(history: History) -> dict[str, list[tuple[float, float | None]]]:
    """Loss by epoch, from 0: of training at each step that was written down, of validation at the epochs' ends."""
    per_epoch = history.started.steps_per_epoch if history.started else 0
    per_epoch = per_epoch or 1
    return {
        "train": [(event.step / per_epoch, event.losses.loss) for event in history.steps],
        "validation": [(event.step / per_epoch, event.losses.loss) for event in history.validations],
    }
