"""Draws a confusion matrix: counts or shares on shades, green where a cell was found rightly and red elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from rich.color import Color
from rich.style import Style
from rich.text import Text

from yogo.run.metrics import Metrics
from yogo_tui.questions.images import Rgb
from yogo_tui.words import cut_end, padded, share_words

_WIDEST = 12
_NARROWEST = 6
_RIGHT: Rgb = (0, 95, 0)
_WRONG: Rgb = (135, 0, 0)
_CORNER = "is ↓ found →"
_FAINTEST = 0.15
"""Of the shade of a share that is not 0, so that it is seen."""


def draw_matrix(metrics: Metrics, *, shares: bool) -> Text:
    """A row for each labelled class, a column for each predicted one; the rates at the ends."""
    matrix, num = metrics.confusion, len(metrics.classes)
    names = [*metrics.classes, *["missed"] * (len(matrix) > num)]
    longest = max(len(str(count)) for row in matrix for count in row)
    column = max(_NARROWEST, longest + 1, *(min(len(name), 9) + 1 for name in names))
    first = max(len(_CORNER), *(min(len(name), _WIDEST) for name in names))
    lines = [_line(_CORNER, first, [*names, "recall"], column)]
    for place, row in enumerate(matrix):
        line = Text(padded(cut_end([*metrics.classes, "false"][place], first), first))
        for other, count in enumerate(row):
            is_none = place == other == num  # background that was found as background is not counted
            line.append(" " * column if is_none else _cell(count, sum(row), column, shares=shares), "")
            if not is_none:
                line.stylize(_shade(count / (sum(row) or 1), place == other), len(line) - column, len(line))
        if place < num:
            line.append(_rate(metrics, "recall", place, column))
        lines.append(line)
    rates = [_rate(metrics, "precision", place, column) for place in range(num)]
    lines.append(Text(padded("precision", first) + "".join(rates), "dim"))
    return Text("\n", no_wrap=True).join(lines)


def _line(title: str, first: int, names: Sequence[str], column: int) -> Text:
    cells = (padded(cut_end(name, column - 1), column, right=True) for name in names)
    return Text(padded(title, first) + "".join(cells), "bold")


def _cell(count: int, total: int, column: int, *, shares: bool) -> str:
    words = (share_words(count / total) if total else "–") if shares else str(count)
    return padded(words, column, right=True)


def _rate(metrics: Metrics, name: str, place: int, column: int) -> str:
    value = metrics.figures.get(f"{name}/{metrics.classes[place]}")
    return padded("–" if value is None else share_words(value), column, right=True)


def _shade(share: float, is_right: bool) -> Style:
    if not share:
        return Style(dim=True)
    depth = _FAINTEST + (1 - _FAINTEST) * share
    red, green, blue = (round(part * depth) for part in (_RIGHT if is_right else _WRONG))
    return Style(color=Color.from_rgb(255, 255, 255), bgcolor=Color.from_rgb(red, green, blue))
