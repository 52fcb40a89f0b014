"""The x axis of a plot: what it is, and where it is labelled."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from yogo.text.ticks import linear_ticks, log_ticks, tick_words


class Axis(StrEnum):
    """What the curves are drawn over."""

    EPOCH = "epoch"
    STEP = "step"
    TIME = "time"
    THRESHOLD = "threshold"
    """Of the class's probability."""

    KNOWN = "known per µL"
    """The x's are exponents of 10."""

    @property
    def begins_at_zero(self) -> bool:
        return self in TRAINING

    def after(self, known: Sequence[Axis]) -> Axis:
        """The next one of those known, after the last one the first."""
        return known[(known.index(self) + 1) % len(known)] if self in known else known[0]


TRAINING = (Axis.EPOCH, Axis.STEP, Axis.TIME)
"""What the curves of a training are over."""


def x_words(axis: Axis, x: float, *, span: float = 0.0) -> str:
    """A place on the x axis: a step or an epoch as a number, a time in its unit. `span` is the axis's length."""
    if axis is Axis.KNOWN:
        return tick_words(10**x)
    if axis is not Axis.TIME:
        return f"{x:,.0f}" if axis is Axis.STEP else f"{x:.4g}"
    unit, seconds = ("h", 3600.0) if max(span, x) >= 7200 else ("m", 60.0) if max(span, x) >= 120 else ("s", 1.0)
    return f"{x / seconds:.3g} {unit}"


def x_ticks(axis: Axis, first: float, last: float, most: int) -> list[float]:
    """Where the x axis is labelled; steps and epochs at whole numbers where that is possible."""
    if axis is Axis.KNOWN:
        return log_ticks(first, last, most)
    if axis is not Axis.TIME:
        return linear_ticks(first, last, most)
    unit = 3600.0 if last >= 7200 else 60.0 if last >= 120 else 1.0
    return [tick * unit for tick in linear_ticks(first / unit, last / unit, most)]
