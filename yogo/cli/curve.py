"""`yogo curve`: a learning curve, and what twice the data would bring."""

from __future__ import annotations

import argparse
import functools
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yogo.cli.flags import add_json, add_knobs, given
from yogo.errors import RecipeError
from yogo.launcher.curve_request import CurveRequest
from yogo.text.terminal import printable
from yogo.text.wording import counted

if TYPE_CHECKING:
    from yogo.evaluation.learning_curve import CurveFigure, CurvePoint, TwiceTheData

ABOUT = (
    "Train on parts of the training images, and tell what twice the data would bring: loss, mAP50, count error and, "
    "where the definition declares roles, the limit of detection, on the test set or else on the validation set. The "
    "trainings run here, one after another; a run that has finished is not trained again, so the same command goes on "
    "after a stop. On a cluster, sweep over the recipe's train_share, and name the runs with --of."
)


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("curve", help="tell what more data would bring", description=ABOUT)
    add_knobs(parser, CurveRequest)
    parser.add_argument(
        "--of",
        metavar="RUN",
        type=Path,
        nargs="+",
        help="Train nothing: tell the curve of these runs, which have finished.",
    )
    add_json(parser)
    add_knobs(parser)
    parser.set_defaults(run=functools.partial(run, parser))


def run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    asked = given(args, CurveRequest)
    if ("definition" in asked) == (args.of is not None):
        parser.error("name a dataset definition to train on, or with --of the runs that are there")
    if "train_share" in given(args):
        parser.error("--parts tells the shares of the training images: leave --train-share out")
    runs = args.of
    if runs is None:
        request = CurveRequest(**asked, given=given(args))
        try:
            _ = request.recipe
        except RecipeError as error:
            parser.error(str(error))
        from yogo.launcher.curve import train_parts

        if status := train_parts(request, _say):
            return status
        runs = [request.runs / request.name_of(share, n) for n in range(request.repeats) for share in request.parts]
    _tell(runs, as_json=args.json)
    return 0


def _say(sentence: str) -> None:
    print(printable(sentence), file=sys.stderr, flush=True)


def _tell(runs: Sequence[Path], *, as_json: bool) -> None:
    from yogo.evaluation.learning_curve import FIGURES, twice_the_data
    from yogo.launcher.curve import curve_points

    points, where = curve_points(runs)
    known = [one for one in FIGURES if any(one.key in point.figures for point in points)]
    found = [(one, twice_the_data(one, points)) for one in known]
    if as_json:
        print(json.dumps(_data(points, found, where), indent=2))
    else:
        print("\n".join(printable(line) for line in _lines(points, found, where)))


def _data(
    points: Sequence[CurvePoint], found: Sequence[tuple[CurveFigure, TwiceTheData | str]], where: str
) -> dict[str, Any]:
    names = ("name", "share", "num_images", "seed", "epochs", "figures")
    return {
        "measured_on": where,
        "runs": [{name: getattr(one, name) for name in names} for one in points],
        "twice": {
            figure.key: {"why_not": told} if isinstance(told, str) else told.facts | {"why_not": ""}
            for figure, told in found
        },
    }


def _lines(
    points: Sequence[CurvePoint], found: Sequence[tuple[CurveFigure, TwiceTheData | str]], where: str
) -> Iterator[str]:
    yield f"On the {where} set, after training on a part of the training images:"
    yield f"{'images':>8}{'share':>8}{'seed':>6}{'epochs':>8}" + "".join(f"{one.name:>13}" for one, _ in found)
    for point in points:
        figures = "".join(f"{_amount(point.figures.get(one.key)):>13}" for one, _ in found)
        yield f"{point.num_images:>8,}{point.share:>8.4g}{point.seed:>6}{point.epochs:>8,}{figures}"
    yield ""
    twice = 2 * max(point.num_images for point in points)
    yield f"Twice the data, {counted(twice, 'image')}:"
    for one, told in found:
        yield f"  {one.name:<12}{told if isinstance(told, str) else _forecast(told)}"
    if any(not isinstance(told, str) for _, told in found):
        yield "Intervals of 95 %, of one more training, if the curve goes on as it is. It may flatten sooner."


def _forecast(told: TwiceTheData) -> str:
    words = f"about {_amount(told.value)} ({_amount(told.low)} to {_amount(told.high)}), now about {_amount(told.now)}"
    return words if told.is_seen else f"{words}; that more images help is not seen"


def _amount(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"
