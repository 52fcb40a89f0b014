"""What is plotted of an assay: its limits by threshold, and what was found of each sample by what is known of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from yogo.assay.views.numbers import per_ul
from yogo.run.assay import AssayAtThreshold, AssayedSample, AssayFigure, AssayReport
from yogo.text.ticks import linear_ticks, log_ticks, tick_words

_EDGE = 0.04
"""Room between what is drawn and the frame, as a share of the field."""


@dataclass(frozen=True, slots=True)
class ChartPoint:
    x: float
    y: float
    low: float
    """Of its interval; the point itself where there is none."""

    high: float
    """Infinite where the interval has no upper end."""


@dataclass(frozen=True, slots=True)
class AssayChart:
    title: str
    x_title: str
    points: tuple[ChartPoint, ...]
    """In order of x."""

    is_curve: bool = True
    """Whether the points are joined; else each stands alone, and the line on which both axes agree is drawn."""

    mark: float | None = None
    """The x of the best threshold."""

    is_log_x: bool = False
    is_log_y: bool = False

    @property
    def across(self) -> ChartScale:
        xs = [one.x for one in self.points]
        return ChartScale.of(xs if self.is_curve else xs + self._heights, self.is_log_x)

    @property
    def upwards(self) -> ChartScale:
        return ChartScale.of(self._heights + ([] if self.is_curve else [one.x for one in self.points]), self.is_log_y)

    @property
    def _heights(self) -> list[float]:
        return [y for one in self.points for y in (one.y, one.low, one.high)]


@dataclass(frozen=True, slots=True)
class ChartScale:
    """From values to shares of the field."""

    low: float
    """On a logarithmic scale, exponents of ten."""

    high: float
    is_log: bool

    @classmethod
    def of(cls, values: Sequence[float], is_log: bool) -> ChartScale:
        kept = [value for value in values if math.isfinite(value) and (value > 0 or not is_log)]
        places = [math.log10(value) if is_log else value for value in kept] or [0.0, 1.0]
        low, high = min(places), max(places)
        room = (high - low) * _EDGE or (0.05 if is_log else abs(high) * 0.05 or 1.0)
        return cls(low - room, high + room, is_log)

    def at(self, value: float) -> float:
        """From 0 at the low end to 1 at the high one, to which values beyond are moved."""
        if self.is_log and value <= 0:
            return 0.0
        if math.isinf(value):
            return 1.0
        return min(max((self._place(value) - self.low) / (self.high - self.low), 0.0), 1.0)

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """Shares of the field, with their words."""
        places = (log_ticks if self.is_log else linear_ticks)(self.low, self.high, most)
        values = [10**place if self.is_log else place for place in places]
        return [(self.at(value), tick_words(value) if abs(value) < 1e5 else per_ul(value)) for value in values]

    def _place(self, value: float) -> float:
        return math.log10(value) if self.is_log else value


def charts_of(report: AssayReport) -> tuple[AssayChart, ...]:
    """Those that have a point."""
    cells = f"{report.roles.usual_cells:,.0f}"
    found = (
        _by_threshold(report, f"limit of detection per µL, of {cells} cells", lambda one: one.lod_per_ul),
        _by_threshold(report, "false positives per µL", lambda one: one.false_positives_per_ul),
        _by_threshold(report, "sensitivity", lambda one: one.sensitivity, may_be_log=False),
        _by_known(report.samples),
    )
    return tuple(one for one in found if one.points)


def estimate_of(sample: AssayedSample) -> tuple[str, AssayFigure]:
    """What is taken of a sample: by the line, else by the matrix, else as it was counted."""
    if sample.line_per_ul is not None:
        return "line", sample.line_per_ul
    return ("counts", sample.raw_per_ul) if sample.matrix_per_ul is None else ("matrix", sample.matrix_per_ul)


def _by_threshold(
    report: AssayReport, title: str, figure: Callable[[AssayAtThreshold], AssayFigure], *, may_be_log: bool = True
) -> AssayChart:
    points = tuple(_points((one.threshold, figure(one)) for one in report.thresholds))
    mark = report.best.threshold if report.best else None
    is_log = may_be_log and all(one.y > 0 for one in points)
    return AssayChart(title, "threshold of the class probability", points, mark=mark, is_log_y=is_log)


def _by_known(samples: Sequence[AssayedSample]) -> AssayChart:
    known = sorted((one for one in samples if one.known_per_ul), key=lambda one: one.known_per_ul or 0)
    points = tuple(_points((one.known_per_ul or 0.0, estimate_of(one)[1]) for one in known))
    has_scale = any(one.y > 0 for one in points)
    return AssayChart(
        "found per µL, by what is known",
        "known per µL, of samples with targets",
        points if has_scale else (),
        False,
        None,
        True,
        True,
    )


def _points(found: Iterator[tuple[float, AssayFigure]]) -> Iterator[ChartPoint]:
    for x, figure in found:
        if (y := figure.value) is not None:
            low = y if figure.low is None else figure.low
            high = math.inf if figure.is_open else y if figure.high is None else figure.high
            yield ChartPoint(x, y, min(low, y), max(high, y))
