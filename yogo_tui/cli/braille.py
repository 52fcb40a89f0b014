"""Curves in braille dots, two by four to a character, on a logarithmic scale; what is no number is a gap."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

Points = Sequence[tuple[float, float | None]]

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Unicode's bit of each dot, by row and column."""

_COLOURS = ("\x1b[36m", "\x1b[33m", "\x1b[35m", "\x1b[32m")
_MARKS = "o+x"
"""What tells the curves after the first one apart where there is no colour."""

_PLAIN = "\x1b[0m"
_MARGIN = 10


def draw(curves: Mapping[str, Points], *, width: int, height: int, colour: bool = False) -> Iterator[str]:
    """`height` lines of plot and two of axis and legend, at most `width` columns wide."""
    known = [
        (name, [(x, math.log10(y) if y is not None and y > 0 else None) for x, y in points])
        for name, points in curves.items()
    ]
    values = [y for _, points in known for _, y in points if y is not None]
    if not values:
        return
    right = max(x for _, points in known for x, _ in points) or 1.0
    low, high = min(values), max(values)
    low, high = (low - 0.05, high + 0.05) if high - low < 0.02 else (low, high)
    columns = max(width - _MARGIN - 1, 4)
    cells: dict[tuple[int, int], tuple[int, int]] = {}
    for number, (_, points) in enumerate(known):
        for x, y in _dots(points, right, low, high, (columns * 2, height * 4)):
            bits, _ = cells.get((y // 4, x // 2), (0, 0))
            cells[y // 4, x // 2] = bits | _DOTS[y % 4][x % 2], number
    for row in range(height):
        line = "".join(_cell(cells.get((row, column)), colour) for column in range(columns))
        yield f"{_tick(row, height, low, high)}┤{line}".rstrip()
    yield f"{'':>{_MARGIN}}└{'─' * columns}"
    signs = [f"{_COLOURS[n]}─{_PLAIN}" if colour else ("⠒", *_MARKS)[n] for n in range(len(known))]
    names = "  ".join(f"{sign} {name}" for sign, (name, _) in zip(signs, known, strict=True))
    yield f"{'':>{_MARGIN}} epoch 0 to {right:.4g} · {names}"


def _dots(points: Points, right: float, low: float, high: float, size: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The dots of a curve, from the left and from above: each column from its lowest value to its highest."""
    last: tuple[int, int] | None = None
    for x, y in points:
        if y is None:
            last = None
            continue
        dot = round(x / right * (size[0] - 1)), round((high - y) / (high - low) * (size[1] - 1))
        yield from _line(last or dot, dot)
        last = dot


def _line(start: tuple[int, int], end: tuple[int, int]) -> Iterator[tuple[int, int]]:
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
    for step in range(steps + 1):
        yield (
            start[0] + round((end[0] - start[0]) * step / steps),
            start[1] + round((end[1] - start[1]) * step / steps),
        )


def _cell(cell: tuple[int, int] | None, colour: bool) -> str:
    if cell is None:
        return " "
    bits, number = cell
    sign = chr(0x2800 + bits)
    if colour:
        return f"{_COLOURS[number]}{sign}{_PLAIN}"
    return _MARKS[number - 1] if number else sign


def _tick(row: int, height: int, low: float, high: float) -> str:
    """A label on every fourth line and on the last."""
    if row % 4 and row != height - 1:
        return " " * _MARGIN
    value = 10 ** (high - (high - low) * row / max(height - 1, 1))
    return f"{value:>{_MARGIN - 1}.3g} "
