"""The x axis of a plot: what it is, and where it is labelled."""

from __future__ import annotations

from enum import StrEnum

from yogo.text.ticks import linear_ticks


class Axis(StrEnum):
    """What the curves are drawn over."""

    EPOCH = "epoch"
    STEP = "step"
    TIME = "time"

    @property
    def next(self) -> Axis:
        known = list(Axis)
        return known[(known.index(self) + 1) % len(known)]


def x_words(axis: Axis, x: float, *, span: float = 0.0) -> str:
    """A place on the x axis: a step or an epoch as a number, a time in its unit. `span` is the axis's length."""
    if axis is not Axis.TIME:
        return f"{x:,.0f}" if axis is Axis.STEP else f"{x:.4g}"
    unit, seconds = ("h", 3600.0) if max(span, x) >= 7200 else ("m", 60.0) if max(span, x) >= 120 else ("s", 1.0)
    return f"{x / seconds:.3g} {unit}"


def x_ticks(axis: Axis, first: float, last: float, most: int) -> list[float]:
    """Where the x axis is labelled; steps and epochs at whole numbers where that is possible."""
    if axis is not Axis.TIME:
        return linear_ticks(first, last, most)
    unit = 3600.0 if last >= 7200 else 60.0 if last >= 120 else 1.0
    return [tick * unit for tick in linear_ticks(first / unit, last / unit, most)]
