"""A field of characters on which lines are drawn in braille dots, two by four in each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Unicode's bit of each dot, by row and column."""

_UPRIGHT = [
    [[sum(_BITS[row][side] for row in range(first, last + 1)) for last in range(4)] for first in range(4)]
    for side in (0, 1)
]
"""The dots from one row to another, by their column."""

_ON, _PERIOD = 3, 6
"""Of a dotted line, so many dots of so many are drawn."""


@dataclass(frozen=True, slots=True)
class TextSpan:
    """Some text of a row, all of one kind."""

    text: str
    kind: str = ""
    """What it is, such as "curve-0" or "axis": whoever shows it picks the colour. Empty for blanks."""


Row = tuple[TextSpan, ...]


class Canvas:
    """`width` times `height` characters. What is drawn later lies above."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = max(width, 1), max(height, 1)
        self._bits: dict[tuple[int, int], int] = {}
        self._kinds: dict[tuple[int, int], str] = {}
        self._signs: dict[tuple[int, int], tuple[str, str]] = {}

    @property
    def dots(self) -> tuple[int, int]:
        """Columns and rows of dots."""
        return 2 * self.width, 4 * self.height

    def line(
        self, points: Sequence[tuple[float, float]], kind: str, *, is_dotted: bool = False, hides: str = ""
    ) -> None:
        """Join points, given in dots from the left and from the top; parts outside are left out. It replaces what is
        drawn of the kind `hides` in the characters that it crosses."""
        if len(points) == 1:
            points = (points[0], points[0])
        number = 0
        for start, end in pairwise(points):
            if not is_dotted and round(start[0]) == round(end[0]):
                self._upright(round(start[0]), start[1], end[1], kind, hides)
                continue
            for x, y in self._between(start, end):
                number += 1
                if not is_dotted or number % _PERIOD < _ON:
                    self._dot(x, y, kind, hides)

    def _between(self, start: tuple[float, float], end: tuple[float, float]) -> Iterator[tuple[int, int]]:
        inside = _clipped(start, end, (self.dots[0] - 1, self.dots[1] - 1))
        if inside is None:
            return
        (x0, y0), (x1, y1) = inside
        steps = max(round(abs(x1 - x0)), round(abs(y1 - y0)), 1)
        for step in range(steps + 1):
            yield round(x0 + (x1 - x0) * step / steps), round(y0 + (y1 - y0) * step / steps)

    def _upright(self, x: int, start: float, end: float, kind: str, hides: str) -> None:
        """A line straight up or down, a character at a time: of a noisy curve most are."""
        top, bottom = round(max(min(start, end), 0)), round(min(max(start, end), self.dots[1] - 1))
        if not 0 <= x < self.dots[0]:
            return
        for row in range(top // 4, bottom // 4 + 1 if top <= bottom else 0):
            first, last = max(top - 4 * row, 0), min(bottom - 4 * row, 3)
            self._set((row, x // 2), _UPRIGHT[x % 2][first][last], kind, hides)

    def _dot(self, x: int, y: int, kind: str, hides: str) -> None:
        self._set((y // 4, x // 2), _BITS[y % 4][x % 2], kind, hides)

    def _set(self, cell: tuple[int, int], bits: int, kind: str, hides: str) -> None:
        known = 0 if hides and self._kinds.get(cell) == hides else self._bits.get(cell, 0)
        self._bits[cell] = known | bits
        self._kinds[cell] = kind

    def sign(self, column: int, row: int, sign: str, kind: str, *, is_behind: bool = False) -> None:
        """Put a character somewhere; with `is_behind` only where there is nothing yet."""
        cell = row, column
        is_free = cell not in self._signs and cell not in self._bits
        if 0 <= column < self.width and 0 <= row < self.height and (is_free or not is_behind):
            self._signs[cell] = sign, kind

    def rows(self) -> list[Row]:
        return [self._row(row) for row in range(self.height)]

    def _row(self, row: int) -> Row:
        cells = [self._cell((row, column)) for column in range(self.width)]
        return tuple(
            TextSpan("".join(sign for sign, _ in group), kind)
            for kind, group in groupby(cells, key=lambda cell: cell[1])
        )

    def _cell(self, cell: tuple[int, int]) -> tuple[str, str]:
        if (found := self._signs.get(cell)) is not None:
            return found
        bits = self._bits.get(cell, 0)
        return (chr(0x2800 + bits), self._kinds[cell]) if bits else (" ", "")


def _clipped(
    start: tuple[float, float], end: tuple[float, float], most: tuple[int, int]
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """The part of a line from 0 to `most` in both directions; None if there is none (Liang and Barsky)."""
    begin, finish = 0.0, 1.0
    for axis in (0, 1):
        way = end[axis] - start[axis]
        for step, room in ((-way, start[axis]), (way, most[axis] - start[axis])):
            if step == 0:
                if room < 0:
                    return None
            elif step < 0:
                begin = max(begin, room / step)
            else:
                finish = min(finish, room / step)
    if begin > finish:
        return None

    def at(share: float) -> tuple[float, float]:
        return tuple(start[axis] + share * (end[axis] - start[axis]) for axis in (0, 1))  # type: ignore[return-value]

    return at(begin), at(finish)
