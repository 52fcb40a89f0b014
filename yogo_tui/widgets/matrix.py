"""Draws a confusion matrix: counts or shares on shades, green where a cell was found rightly and red elsewhere."""

from __future__ import annotations

from rich.color import Color
from rich.style import Style
from rich.text import Text

from yogo.run.metrics import Metrics
from yogo_tui.questions.images import Rgb
from yogo_tui.session.confusion import MatrixText
from yogo_tui.words import padded

_RIGHT: Rgb = (0, 95, 0)
_WRONG: Rgb = (135, 0, 0)
_FAINTEST = 0.15
"""Of the shade of a share that is not 0, so that it is seen."""


def draw_matrix(metrics: Metrics, made: MatrixText) -> Text:
    """The matrix as it was laid out, with a shade behind each count."""
    lines = [_line(made.head, made.widths, "bold")]
    for place, row in enumerate(made.rows):
        is_of_counts = place < len(metrics.confusion)
        line = _line(row, made.widths, "" if is_of_counts else "dim")
        counts = metrics.confusion[place] if is_of_counts else ()
        end = made.widths[0]
        for other, (count, width) in enumerate(zip(counts, made.widths[1:], strict=False)):
            end += width
            if row[other + 1]:
                line.stylize(_shade(count / (sum(counts) or 1), place == other), end - width, end)
        lines.append(line)
    return Text("\n", no_wrap=True).join(lines)


def _line(cells: tuple[str, ...], widths: tuple[int, ...], style: str) -> Text:
    first, *rest = (
        padded(cell, width, right=bool(at)) for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return Text("".join((first, *rest)), style)


def _shade(share: float, is_right: bool) -> Style:
    if not share:
        return Style(dim=True)
    depth = _FAINTEST + (1 - _FAINTEST) * share
    red, green, blue = (round(part * depth) for part in (_RIGHT if is_right else _WRONG))
    return Style(color=Color.from_rgb(255, 255, 255), bgcolor=Color.from_rgb(red, green, blue))
