"""How often each size, brightness or number occurs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MOST_BINS = 60
_TAIL = 0.002
"""The share of all values at either end that may lie in one wider bin."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of values, in bins that begin at an edge and end before the next."""

    title: str
    edges: tuple[float, ...]
    """One more than bins. The first and the last may be wider, so that a few odd values do not squeeze the others."""

    counts: tuple[int, ...]
    median: float
    unit: str = ""
    note: str = ""
    """What was measured, where that is not everything."""

    is_whole: bool = True
    """Whether its values are whole numbers: a bin from 5 to 8 holds 5, 6 and 7."""


def histogram(
    title: str, counts: Mapping[int, int], *, step: float = 1, unit: str = "", note: str = ""
) -> Histogram | None:
    """Of values that were counted by the number of `step` that they are; None where there are none."""
    values = sorted(value for value, count in counts.items() if count)
    if not values:
        return None
    total = sum(counts[value] for value in values)
    low, high = _reached(counts, values, total * _TAIL), _reached(counts, values[::-1], total * _TAIL)
    width = _width(high - low + 1)
    first = low // width * width
    edges: list[int] = [*range(first, high + 1, width), (high // width + 1) * width]
    bins = [0] * (len(edges) - 1)
    for value in values:
        bins[min(max(0, (value - first) // width), len(bins) - 1)] += counts[value]
    edges[0], edges[-1] = min(edges[0], values[0]), max(edges[-1], values[-1] + 1)
    median = round(_reached(counts, values, total / 2) * step, 6)
    # A value that was rounded to a step may be half of one larger or smaller.
    scaled = tuple(max(0.0, round((edge - (step != 1) / 2) * step, 6)) for edge in edges)
    return Histogram(title, scaled, tuple(bins), median, unit, note, is_whole=step == 1)


def merged(one: Histogram, most: int) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Edges and counts of no more than so many bins."""
    by = -(-len(one.counts) // most)
    counts = tuple(sum(one.counts[start : start + by]) for start in range(0, len(one.counts), by))
    return (*one.edges[:-1:by], one.edges[-1]), counts


def _reached(counts: Mapping[int, int], values: list[int], number: float) -> int:
    """The value at which so many are reached."""
    seen = 0
    for value in values:
        seen += counts[value]
        if seen >= number:
            return value
    return values[-1]


def _width(span: int) -> int:
    """Of a bin, such that there are not too many: 1, 2, 5, 10, 20 and so on."""
    width = 1
    while span > MOST_BINS * width:
        width = width * 5 // 2 if str(width)[0] == "2" else width * 2
    return width
