"""Loss curves made fit to draw: as many points as there are columns, gaps where a number is none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from yogo.run.history import History


@dataclass(frozen=True, slots=True)
class Point:
    epoch: float
    loss: float | None
    """None where it was not finite."""


@dataclass(frozen=True, slots=True)
class Curves:
    train: tuple[Point, ...] = ()
    validation: tuple[Point, ...] = ()
    best: Point | None = None

    @classmethod
    def of(cls, history: History) -> Curves:
        per_epoch = history.started.steps_per_epoch if history.started else 0
        scale = 1 / per_epoch if per_epoch else 1.0
        best = history.best
        return cls(
            tuple(Point(event.step * scale, event.losses.loss) for event in history.steps),
            tuple(Point(event.step * scale, event.losses.loss) for event in history.validations),
            Point(best.step * scale, best.losses.loss) if best else None,
        )

    @property
    def last_epoch(self) -> float:
        return max((point.epoch for point in (*self.train[-1:], *self.validation[-1:])), default=0.0)


def visible(points: Sequence[Point], first: float, last: float) -> list[Point]:
    """The points between two epochs, and one on either side, so that lines run on to the edge."""
    inside = [index for index, point in enumerate(points) if first <= point.epoch <= last]
    if not inside:
        return []
    return list(points[max(0, inside[0] - 1) : inside[-1] + 2])


def segments(points: Iterable[Point]) -> Iterator[list[Point]]:
    """The stretches between points that have no number."""
    stretch: list[Point] = []
    for point in points:
        if point.loss is not None:
            stretch.append(point)
        elif stretch:
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def reduce(points: Sequence[Point], first: float, last: float, columns: int) -> list[Point]:
    """At most two points a column, its lowest and its highest, in the order of their epochs."""
    if len(points) <= 2 * columns or last <= first:
        return list(points)
    buckets: dict[int, list[Point]] = {}
    for point in points:
        column = math.floor((point.epoch - first) / (last - first) * columns)
        kept = buckets.setdefault(column, [])
        if len(kept) < 2:
            kept.append(point)
        else:
            both = sorted((*kept, point), key=lambda kept_point: kept_point.loss or 0.0)
            buckets[column] = [both[0], both[-1]]
    return [point for kept in buckets.values() for point in sorted(kept, key=lambda kept_point: kept_point.epoch)]


def log_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers between 10**low and 10**high, as exponents; a wide range shows powers of ten alone."""
    powers = range(math.floor(low), math.ceil(high) + 1)
    for digits in ((1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 5), (1,)):
        ticks = [power + math.log10(digit) for power in powers for digit in digits]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) <= most:
            break
    if len(ticks) > most:
        ticks = ticks[:: math.ceil(len(ticks) / most)]
    return ticks if len(ticks) >= 2 else [low + (high - low) * share for share in (0.1, 0.5, 0.9)]


def tick_words(value: float) -> str:
    """A number on an axis, in at most six characters."""
    if value >= 100_000 or 0 < abs(value) < 0.001:
        return f"{value:.0e}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
