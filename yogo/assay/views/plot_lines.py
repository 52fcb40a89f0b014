"""Plots of an assay as lines of text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from yogo.assay.views.charts import AssayChart, ChartPoint, ChartScale
from yogo.text.canvas import Canvas
from yogo.text.terminal import printable

WIDTH, HEIGHT = 80, 14
_MARGIN = 9
"""Columns left of the field: a number and the axis."""


def plot_lines(chart: AssayChart, *, width: int = WIDTH, height: int = HEIGHT) -> Iterator[str]:
    """Its title, the field, and the axis below: dotted lines and bars are intervals, a diamond is the best
    threshold."""
    canvas = Canvas(width - _MARGIN, height)
    across, upwards = chart.across, chart.upwards
    spots = [_Spot(one, across, upwards, canvas) for one in chart.points]
    if chart.is_curve:
        _curve(spots, canvas)
    else:
        _samples(spots, across, upwards, canvas)
    if chart.mark is not None and spots:
        best = min(spots, key=lambda one: abs(one.point.x - (chart.mark or 0)))
        canvas.sign(round(best.x) // 2, round(best.y) // 4, "◆", "mark")
    labels = {
        min(round((1 - at) * (height - 1)), height - 1): words for at, words in upwards.ticks(max(2, height // 3))
    }
    yield printable(chart.title)
    for row, pieces in enumerate(canvas.rows()):
        text = "".join(piece.text for piece in pieces).rstrip()
        yield f"{labels.get(row, ''):>{_MARGIN - 2}} {'┤' if row in labels else '│'}{text}"
    yield f"{'':>{_MARGIN - 1}}└{_axis(across, canvas.width)}"
    yield f"{chart.x_title:>{width}}"


class _Spot:
    """A point in dots from the left and from the top."""

    def __init__(self, point: ChartPoint, across: ChartScale, upwards: ChartScale, canvas: Canvas) -> None:
        columns, rows = (number - 1 for number in canvas.dots)
        self.point = point
        self.x = across.at(point.x) * columns
        self.y, self.low, self.high = ((1 - upwards.at(one)) * rows for one in (point.y, point.low, point.high))


def _curve(spots: Sequence[_Spot], canvas: Canvas) -> None:
    if any(one.low != one.high for one in spots):
        for ends in ([(one.x, one.low) for one in spots], [(one.x, one.high) for one in spots]):
            canvas.line(ends, "interval", is_dotted=True)
    canvas.line([(one.x, one.y) for one in spots], "curve")


def _samples(spots: Sequence[_Spot], across: ChartScale, upwards: ChartScale, canvas: Canvas) -> None:
    columns, rows = (number - 1 for number in canvas.dots)
    low, high = max(across.low, upwards.low), min(across.high, upwards.high)
    ends = [10**place if across.is_log else place for place in (low, high)]
    canvas.line([(across.at(end) * columns, (1 - upwards.at(end)) * rows) for end in ends], "agreed", is_dotted=True)
    for one in spots:
        canvas.line([(one.x, one.low), (one.x, one.high)], "interval", hides="agreed")
    for one in spots:
        canvas.sign(round(one.x) // 2, round(one.y) // 4, "•", "curve")


def _axis(across: ChartScale, width: int) -> str:
    """A rule with its labels in it."""
    rule, free = ["─"] * width, 0
    for at, said in across.ticks(max(2, width // 10)):
        words = f" {said} "
        start = min(max(0, round(at * (width - 1)) - len(words) // 2), width - len(words))
        if start >= free:
            rule[start : start + len(words)] = words
            free = start + len(words)
    return "".join(rule)
