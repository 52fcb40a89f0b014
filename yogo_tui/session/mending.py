"""What each class would gain if one kind of error were mended, counted from the confusion matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from yogo.run.metrics import Metrics

KINDS = (
    ("missed", "What F1 would gain if each missed cell of the class were found, and as this class."),
    ("false", "What F1 would gain without the boxes of the class where nobody has labelled a cell."),
    (
        "wrong class",
        "What F1 would gain if each cell that was found had the class that people have labelled: neither the cells of "
        "this class that were found as another one count, nor those of others that were found as this one.",
    ),
)
"""The kinds of error, in the order of a class's gains, each with a sentence."""

MENDING_TERM = (
    "if mended",
    "e shows what F1 would gain if all errors of one kind were mended and nothing else changed, at the thresholds of "
    "the matrix. In the row `all` it is the mean over the labelled classes. Where it is more, more is lost by them.",
)


@dataclass(frozen=True, slots=True)
class MendingGain:
    """What the F1 of a class would gain."""

    name: str
    f1: float
    gains: tuple[float, ...]
    """By each of the KINDS."""


def mending_gains(metrics: Metrics) -> tuple[MendingGain, ...]:
    """Of each labelled class, and of the mean over them. Empty if the matrix does not tell, as one without the
    background."""
    matrix, num = metrics.confusion, len(metrics.classes)
    if len(matrix) != num + 1 or any(len(row) != num + 1 for row in matrix):
        return ()
    found = [_of_class(matrix, place, name) for place, name in enumerate(metrics.classes) if sum(matrix[place])]
    if len(found) < 2:
        return tuple(found)
    means = [_mean(one.gains[kind] for one in found) for kind in range(len(KINDS))]
    return (*found, MendingGain("all", _mean(one.f1 for one in found), tuple(means)))


def _of_class(matrix: Sequence[Sequence[int]], place: int, name: str) -> MendingGain:
    hits, labels, boxes = matrix[place][place], sum(matrix[place]), sum(row[place] for row in matrix)
    missed, false = matrix[place][-1], matrix[-1][place]
    strayed, taken = labels - hits - missed, boxes - hits - false
    f1 = _f1(hits, labels, boxes)
    mended = (
        _f1(hits + missed, labels, boxes + missed),
        _f1(hits, labels, boxes - false),
        _f1(hits + strayed, labels, boxes + strayed - taken),
    )
    return MendingGain(name, f1, tuple(value - f1 for value in mended))


def _f1(hits: int, labels: int, boxes: int) -> float:
    return 2 * hits / (labels + boxes)


def _mean(values: Iterator[float]) -> float:
    known = list(values)
    return sum(known) / len(known)


def mending_table(metrics: Metrics, bar: Callable[[float], str] = lambda _: "") -> tuple[list[str], list[list[str]]]:
    """The columns, and a row for each class. `bar` draws a gain as a share of the largest one."""
    found = mending_gains(metrics)
    most = max((gain for one in found for gain in one.gains), default=0.0) or 1.0
    head = ["class", "F1", *(name for name, _ in KINDS)]
    rows = [[one.name, f"{one.f1:.3f}", *(f"{bar(gain / most)}{gain:+.3f}" for gain in one.gains)] for one in found]
    return head, rows
