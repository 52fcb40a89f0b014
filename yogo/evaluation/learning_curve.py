"""What more data would bring: a power law through the figures of trainings on parts of the training images.

The error of a detector falls with the number of images n as a n^b, over a wide range (Hestness et al.,
arXiv:1712.00409). The line through the logarithms of both says what twice the images would bring, with the interval of
one more training there. A curve that flattens later is not foreseen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from yogo.students_t import students_t

ENOUGH_SIZES = 3
"""Of fewer numbers of images, nothing is foretold."""

WIDEST = 10.0
"""An interval that reaches from a tenth of the error to ten times it tells nothing."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One training."""

    name: str
    share: float
    num_images: int
    seed: int
    epochs: int
    figures: dict[str, float]
    """By key; those that are known."""


@dataclass(frozen=True, slots=True)
class CurveFigure:
    key: str
    name: str
    is_more_better: bool

    def error(self, value: float) -> float:
        """What falls as the model becomes better."""
        return 1 - value if self.is_more_better else value

    def value(self, error: float) -> float:
        return max(0.0, 1 - error) if self.is_more_better else error


FIGURES = (
    CurveFigure("loss", "loss", is_more_better=False),
    CurveFigure("mAP50", "mAP50", is_more_better=True),
    CurveFigure("count_error", "count error", is_more_better=False),
    CurveFigure("lod_per_ul", "LoD per µL", is_more_better=False),
)


@dataclass(frozen=True, slots=True)
class TwiceTheData:
    """What a training on twice the images of the largest one would bring."""

    num_images: int
    now: float
    """The curve's figure at the most images that there are."""

    value: float
    low: float
    high: float
    """Of the figure of one training, 95 %."""

    is_seen: bool
    """Whether the trainings show that more images help: the interval of the slope lies below 0."""

    @property
    def facts(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def twice_the_data(figure: CurveFigure, points: Sequence[CurvePoint]) -> TwiceTheData | str:
    """The forecast, or a sentence that says why there is none."""
    known = [(one.num_images, one.figures[figure.key]) for one in points if figure.key in one.figures]
    if len({num for num, _ in known}) < ENOUGH_SIZES:
        return f"not known: it takes trainings on {ENOUGH_SIZES} numbers of images at least"
    num_P, error_P = np.array([(num, figure.error(value)) for num, value in known], np.float64).T
    if (error_P <= 0).any():
        return "not known: a figure is perfect, and cannot become better"
    if figure.is_more_better and (error_P >= 1).all():
        return "not known: nothing was found after any of the trainings"
    x_P, y_P = np.log(num_P), np.log(error_P)
    freedom = len(x_P) - 2
    spread = float(((x_P - x_P.mean()) ** 2).sum())
    slope = float(((x_P - x_P.mean()) * y_P).sum()) / spread
    deviation = math.sqrt(float(((y_P - y_P.mean() - slope * (x_P - x_P.mean())) ** 2).sum()) / freedom)
    most = float(x_P.max())

    def line(at: float) -> float:
        return float(y_P.mean()) + slope * (at - float(x_P.mean()))

    twice = most + math.log(2)
    t = students_t(freedom)
    half = t * deviation * math.sqrt(1 + 1 / len(x_P) + (twice - float(x_P.mean())) ** 2 / spread)
    if half > math.log(WIDEST):
        return "not known: the trainings differ too much; more parts or repeats would tell"
    ends = [figure.value(math.exp(line(twice) + sign * half)) for sign in (-1, 1)]
    return TwiceTheData(
        num_images=2 * int(num_P.max()),
        now=figure.value(math.exp(line(most))),
        value=figure.value(math.exp(line(twice))),
        low=min(ends),
        high=max(ends),
        is_seen=slope + t * deviation / math.sqrt(spread) < 0,
    )
