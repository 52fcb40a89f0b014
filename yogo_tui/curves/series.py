"""Numbers that are added to, of which any stretch is summed up at once: its lowest, its highest and its mean."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

_FOLD = 16
"""Numbers that one of the next level sums up."""

_PARTS = 8
"""A stretch is summed up from at least so many parts, so its ends are off by an eighth of it at most."""


_MOST = 1e300
"""What is further from zero is drawn here, so that sums and differences of numbers are numbers."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What some numbers in a row have in common."""

    low: float = math.inf
    high: float = -math.inf
    total: float = 0.0
    count: int = 0
    """How many are not NaN; the other fields are of these."""

    @property
    def mean(self) -> float:
        """NaN if there is none."""
        return self.total / self.count if self.count else math.nan

    def times(self, factor: float) -> Stretch:
        if factor == 1.0:
            return self
        return Stretch(self.low * factor, self.high * factor, self.total * factor, self.count)

    def __add__(self, other: Stretch) -> Stretch:
        return Stretch(
            min(self.low, other.low),
            max(self.high, other.high),
            self.total + other.total,
            self.count + other.count,
        )


class _Level:
    """Each number stands for `_FOLD` of the level below."""

    def __init__(self) -> None:
        self.lows, self.highs, self.totals = array("d"), array("d"), array("d")
        self.counts = array("q")

    def add(self, stretch: Stretch) -> None:
        self.lows.append(stretch.low)
        self.highs.append(stretch.high)
        self.totals.append(stretch.total)
        self.counts.append(stretch.count)

    def over(self, start: int, stop: int) -> Stretch:
        if stop <= start:
            return Stretch()
        part = slice(start, stop)
        return Stretch(
            min(self.lows[part]), max(self.highs[part]), math.fsum(self.totals[part]), sum(self.counts[part])
        )


class Values:
    """The numbers of a curve, `scale` times what is given; NaN is a gap. What is not finite counts as NaN."""

    def __init__(
        self, values: Iterable[float | None] = (), *, of: array[float] | None = None, scale: float = 1.0
    ) -> None:
        """With `of`, the numbers are those that another one adds there: see `grow`."""
        self._raw = array("d") if of is None else of
        self._scale, self._size = scale, 0
        self._levels: list[_Level] = []
        self.extend(values)

    def extend(self, values: Iterable[float | None]) -> None:
        """Add numbers at the end; None is NaN."""
        self._raw.extend(math.nan if value is None or not math.isfinite(value) else value for value in values)
        self.grow(len(self._raw))

    def grow(self, size: int) -> None:
        """Be so many of the numbers that there are."""
        self._size = below = size
        depth = 0
        while below >= _FOLD:
            if depth == len(self._levels):
                self._levels.append(_Level())
            level = self._levels[depth]
            for start in range(len(level.lows) * _FOLD, below - _FOLD + 1, _FOLD):
                level.add(self._at(depth - 1, start, start + _FOLD))
            below, depth = len(level.lows), depth + 1

    def over(self, start: int, stop: int) -> Stretch:
        """The numbers from `start` to before `stop`. Of many, the ends are rounded: by an eighth of them at most, and
        the same for the stretch before and the one behind."""
        return self._over(max(start, 0), min(stop, self._size)).times(self._scale)

    def _over(self, start: int, stop: int) -> Stretch:
        depth, size = -1, 1
        while depth + 1 < len(self._levels) and size * _FOLD * _PARTS <= stop - start:
            depth, size = depth + 1, size * _FOLD
        if depth < 0:
            return self._at(-1, start, stop)
        whole = len(self._levels[depth].lows)
        first, last = start // size, min(stop // size, whole)
        found = self._at(depth, first, last)
        return found + self._over(last * size, stop) if stop == self._size or stop // size > whole else found

    def _at(self, depth: int, start: int, stop: int) -> Stretch:
        if depth >= 0:
            return self._levels[depth].over(start, stop)
        return _summed(self._raw[start:stop])

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int) -> float:
        value = self._raw[range(self._size)[index]]
        return min(max(value, -_MOST), _MOST) * self._scale if math.isfinite(value) else math.nan


def _summed(numbers: Sequence[float]) -> Stretch:
    if len(numbers) and abs(total := sum(numbers)) < _MOST:  # neither a NaN nor a huge one among them
        return Stretch(min(numbers), max(numbers), total, len(numbers))
    known = [min(max(value, -_MOST), _MOST) for value in numbers if not math.isnan(value)]
    return Stretch(min(known), max(known), math.fsum(known), len(known)) if known else Stretch()


@dataclass(frozen=True, slots=True)
class Series:
    """One curve: `values` over `xs`, which never fall."""

    name: str
    xs: Sequence[float]
    values: Values = field(default_factory=Values)

    def __len__(self) -> int:
        return min(len(self.xs), len(self.values))

    @property
    def has_values(self) -> bool:
        return self.values.over(0, len(self)).count > 0

    def nearest(self, x: float) -> int | None:
        """The index of the point that is nearest to `x`; None if there is none."""
        if not len(self):
            return None
        after = min(bisect_left(self.xs, x, 0, len(self)), len(self) - 1)
        return after - 1 if after and x - self.xs[after - 1] <= self.xs[after] - x else after

    def smoothed(self, index: int, window: int) -> float:
        """The mean of as many points before as behind, `window` in all; fewer close to the ends."""
        half = min(window // 2, index, len(self) - 1 - index)
        return self.values[index] if half <= 0 else self.values.over(index - half, index + half + 1).mean


def strokes(
    series: Series, first: float, last: float, columns: int, window: int = 1
) -> Iterator[list[tuple[float, float]]]:
    """The curve between two x's as lines through points (x, y), cut where NaN is: all points where they are few, else
    the lowest and the highest of each column; smoothed over `window` points if that is more than one."""
    size, xs = len(series), series.xs
    start = max(0, bisect_left(xs, first, 0, size) - 1)
    stop = min(size, bisect_left(xs, math.nextafter(last, math.inf), 0, size) + 1)
    few = stop - start <= 2 * columns or last <= first
    points = _each(series, start, stop, window) if few else _columns(series, first, last, columns, window)
    stroke: list[tuple[float, float]] = []
    for x, y in points:
        if math.isfinite(y):
            stroke.append((x, y))
        elif stroke:
            yield stroke
            stroke = []
    if stroke:
        yield stroke


def _each(series: Series, start: int, stop: int, window: int) -> Iterator[tuple[float, float]]:
    for index in range(start, stop):
        y = series.values[index]
        yield series.xs[index], series.smoothed(index, window) if window > 1 and math.isfinite(y) else y


def _columns(series: Series, first: float, last: float, columns: int, window: int) -> Iterator[tuple[float, float]]:
    width, before = (last - first) / columns, math.nan
    at = bisect_left(series.xs, first, 0, len(series))
    for column in range(columns):
        edge = last if column == columns - 1 else first + width * (column + 1)
        stop = bisect_left(series.xs, math.nextafter(edge, math.inf), at, len(series))
        if stop == at:
            continue
        x = first + width * (column + 0.5)
        if window > 1:
            yield x, series.smoothed((at + stop) // 2, window)
        else:
            found = series.values.over(at, stop)
            ends = (found.low, found.high) if found.count else (math.nan, math.nan)
            # From the end that is nearer to the column before, so that the line does not cross it twice.
            ends = ends if not abs(before - ends[1]) < abs(before - ends[0]) else (ends[1], ends[0])
            yield from ((x, y) for y in dict.fromkeys(ends))
            before = ends[1]
        at = stop
