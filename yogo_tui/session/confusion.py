"""A confusion matrix as a table of text, as narrow as the room for it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len

from yogo.run.metrics import Metrics
from yogo_tui.words import cut_end, share_words

_WIDEST = 12
"""Of a class's name at the head of its row."""

_WIDEST_HEADING = 9
_NARROWEST = 4
"""Of a column, with the space before it."""


@dataclass(frozen=True, slots=True)
class MatrixText:
    """A row for each labelled class and one for false boxes; a column for each predicted class and one for missed."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """With the rows' names. Empty where nothing is counted: background that was found as background."""

    is_rounded: bool = False
    """Whether counts are rounded to thousands, such as "12k"."""

    @property
    def widths(self) -> tuple[int, ...]:
        first, *columns = zip(self.head, *self.rows, strict=True)
        return max(map(cell_len, first)), *(max(_NARROWEST, 1 + max(map(cell_len, column))) for column in columns)

    @property
    def width(self) -> int:
        return sum(self.widths)


def matrix_text(metrics: Metrics, room: int | None = None, *, shares: bool = False) -> MatrixText:
    """The matrix within `room` columns, if it can be: first the classes' columns are numbered as their rows are, then
    recall and precision are left out, which the figures by class hold too, then counts are rounded to thousands."""
    for made in _narrower(metrics, shares):
        if room is None or made.width <= room:
            return made
    return _made(metrics, shares, is_numbered=True, has_rates=False)


def _narrower(metrics: Metrics, shares: bool) -> Iterator[MatrixText]:
    yield _made(metrics, shares, is_numbered=False)
    yield _made(metrics, shares, is_numbered=True)
    yield _made(metrics, shares, is_numbered=True, has_rates=False)
    yield _made(metrics, shares, is_numbered=True, has_rates=False, is_rounded=True)


def _made(
    metrics: Metrics, shares: bool, *, is_numbered: bool, has_rates: bool = True, is_rounded: bool = False
) -> MatrixText:
    num, matrix = len(metrics.classes), metrics.confusion
    knows_none = len(matrix) > num
    names = [cut_end(name, _WIDEST) for name in metrics.classes]
    headings = [cut_end(name, _WIDEST_HEADING) for name in metrics.classes]
    if is_numbered:
        headings = [str(place) for place in range(1, num + 1)]
        names = [f"{place:>{len(str(num))}} {name}" for place, name in enumerate(names, start=1)]
    head = ("is ↓ found →", *headings, *["missed"] * knows_none, *["recall"] * has_rates)
    rows = []
    for place, (name, counts) in enumerate(zip([*names, *["false"] * knows_none], matrix, strict=True)):
        cells = [_cell(count, sum(counts), shares, is_rounded) for count in counts]
        if place == num:
            cells[-1] = ""
        rows.append((name, *cells, *[_rate(metrics, "recall", place)] * has_rates))
    if has_rates:
        rates = [_rate(metrics, "precision", place) for place in range(num)]
        rows.append(("precision", *rates, *[""] * (len(head) - num - 1)))
    return MatrixText(head, tuple(rows), is_rounded and not shares)


def _cell(count: int, total: int, shares: bool, is_rounded: bool) -> str:
    if shares and total:
        return share_words(count / total, digits=2 if is_rounded else 3)
    if shares or not is_rounded or count < 1_000:
        return "–" if shares else str(count)
    return f"{count / 1_000:.0f}k" if count < 999_500 else f"{count / 1_000_000:.0f}M"


def _rate(metrics: Metrics, name: str, place: int) -> str:
    if place >= len(metrics.classes):
        return ""
    value = metrics.figures.get(f"{name}/{metrics.classes[place]}")
    return "–" if value is None else share_words(value)
