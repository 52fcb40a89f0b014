"""`yogo-tui plot`: draw a run's curves in the terminal."""

from __future__ import annotations

import argparse
import math
import shutil
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from yogo.run.directory import HostRunDirectory
from yogo.text.terminal import has_colour
from yogo_tui.cli.options import RUN_HELP, Commands, add_json, in_session, new_command
from yogo_tui.curves.axes import TRAINING, Axis
from yogo_tui.curves.divergence import RULES
from yogo_tui.errors import LaunchError

if TYPE_CHECKING:
    from yogo.text.canvas import Row
    from yogo_tui.curves.drawing import Chart, Line, View
    from yogo_tui.session import Session

KEYS = ("loss", "map", "parts", "scores", "count", "lr", "speed", "wait", "memory")
"""Of `yogo_tui.curves.record.PLOTS`, which takes long to import."""

_CURVES = ("36", "33", "32", "31", "35", "34")
_COLOURS = {"gap": "31", "best": "32", "saved": "32", "resumed": "33", "drop": "33", "behind": "2", "axis": "2"}
"""ANSI codes of what is drawn."""


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "plot",
        "draw a run's curves in the terminal",
        "The loss is drawn by epoch, on a logarithmic scale, unless other flags are given. Marked are the best "
        "epoch (◆), NaN (✖), and where best.pth was saved (▴), the run was resumed (↻) and the learning rate fell (↓).",
        RULES,
    )
    parser.add_argument("name", metavar="RUN", help=RUN_HELP)
    parser.add_argument(
        "--plot",
        action="append",
        choices=(*KEYS, "all"),
        dest="plots",
        metavar="PLOT",
        help=f"What to draw: {', '.join(KEYS)}, or all. It may be given several times. (default: loss)",
    )
    parser.add_argument(
        "--by", choices=[axis.value for axis in TRAINING], default="epoch", help="The x axis. (default: epoch)"
    )
    parser.add_argument(
        "--smooth",
        type=float,
        default=0,
        metavar="PERCENT",
        help="Draw means over this share of a curve's points, and the curve itself dimly behind. (default: 0)",
    )
    parser.add_argument("--linear", action="store_true", help="Draw no logarithmic scales.")
    parser.add_argument("--width", type=int, metavar="N", help="Width in columns. (default: the terminal's)")
    parser.add_argument(
        "--height", type=int, default=16, metavar="N", help="Height in lines, without axis and legend. (default: 16)"
    )
    add_json(parser)
    parser.set_defaults(run=run)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json
    from yogo_tui.cli.waiting import told
    from yogo_tui.curves.drawing import View
    from yogo_tui.curves.record import RunCurves
    from yogo_tui.runs.events import EventsReader

    run = await session.runs.find(args.name)
    if run.path is None:
        raise LaunchError(f"{run.name} is a job, not a run in these folders: it has no curves.")
    if not 0 <= args.smooth < 100:
        raise LaunchError(f"--smooth takes a share from 0 to 99 percent, not {args.smooth:g}.")
    reader = EventsReader(session.host, HostRunDirectory(run.path).events, whole=True)
    await reader.read()
    curves = RunCurves()
    curves.follow(reader.history)
    view = View(Axis(args.by), smoothing=args.smooth / 100)
    known = curves.charts(view.axis)
    keys = [key for key in KEYS if key in args.plots or "all" in args.plots] if args.plots else ["loss"]
    charts = [known[key] for key in keys if key in known]
    if args.json:
        print_json({line.series.name: _points(line, view) for chart in charts for line in chart.lines})
        return 0
    if not any(line.series.has_values for chart in charts for line in chart.lines):
        has = f" It has {', '.join(known)}." if known else ""
        raise LaunchError(f"There is no {' or '.join(keys)} to draw{'' if has else ' yet'}.{has} {told(run)}.")
    print(told(run))
    for text in _lines(charts, view, args, colour=has_colour(sys.stdout)):
        print(text)
    if diverges := curves.divergence:
        print(f"! {diverges.words}")
    return 0


def _points(line: Line, view: View) -> list[list[float | None]]:
    """The points of a curve as [x, y], smoothed as they are drawn; NaN as null."""
    series, window = line.series, view.window_of(line.series)
    ys = (series.smoothed(index, window) for index in range(len(series)))
    return [[x, y if math.isfinite(y) else None] for x, y in zip(series.xs, ys, strict=False)]


def _lines(charts: list[Chart], view: View, args: argparse.Namespace, *, colour: bool) -> Iterator[str]:
    """Lines of text: each chart, and its legend below."""
    from dataclasses import replace

    from yogo.text.canvas import TextSpan
    from yogo_tui.curves.drawing import MARGIN, draw

    width, height = max(args.width or shutil.get_terminal_size().columns, 20), max(args.height, 4)
    for chart in (replace(chart, is_log=chart.is_log and not args.linear) for chart in charts):
        for row in draw(chart, view, width=width, height=height + 1):
            yield _text(row, colour)
        legend: list[TextSpan] = [TextSpan(f"{'':{MARGIN}} {chart.heading} by {view.axis}")]
        for line in chart.lines:
            legend += [TextSpan(" · "), TextSpan(line.key, f"curve-{line.tone}"), TextSpan(f" {line.series.name}")]
        yield _text(tuple(legend), colour)


def _text(row: Row, colour: bool) -> str:
    return "".join(_piece(piece.text, piece.kind) if colour and piece.kind else piece.text for piece in row).rstrip()


def _piece(text: str, kind: str) -> str:
    name, _, number = kind.partition("-")
    code = _CURVES[int(number) % len(_CURVES)] if number else _COLOURS.get(name, "0")
    return f"\x1b[{code}m{text}\x1b[0m"
