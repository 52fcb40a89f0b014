"""Draws an image with its boxes in half blocks: each cell of the terminal shows two pixels, one above the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.color import Color
from rich.style import Style
from rich.text import Text

from yogo.text.terminal import printable
from yogo_tui.questions.images import Rgb, SmallImage

COLOURS: tuple[Rgb, ...] = (
    (85, 255, 85),
    (255, 85, 85),
    (255, 255, 85),
    (95, 135, 255),
    (255, 85, 255),
    (85, 255, 255),
    (255, 255, 255),
)
"""Colours of the classes, in turn: the bright ones of the sixteen that every terminal has."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn image."""

    blocks: Text
    legend: Text
    num_boxes: int


def draw(image: SmallImage, classes: Sequence[str], columns: int) -> Drawn:
    """The image as it was drawn on, and a legend that is no wider than so many columns."""
    counts = dict(image.boxes)
    return Drawn(_half_blocks(image), _legend(classes, counts, columns - 2), sum(counts.values()))


def _half_blocks(image: SmallImage) -> Text:
    """Two rows of pixels a line; below an odd last one, nothing."""
    pixels = list(zip(*[iter(image.pixels)] * 3, strict=True))
    rows = [pixels[start : start + image.width] for start in range(0, len(pixels), image.width)]
    text = Text(no_wrap=True, end="")
    for number in range(0, len(rows), 2):
        lower = rows[number + 1] if number + 1 < len(rows) else [None] * image.width
        for above, below in zip(rows[number], lower, strict=True):
            text.append("▀", Style(color=Color.from_rgb(*above), bgcolor=Color.from_rgb(*below) if below else None))
        text.append("\n")
    text.right_crop(1)
    return text


def _legend(classes: Sequence[str], counts: Mapping[int, int], columns: int) -> Text:
    """The classes on the image with their counts, each in its colour, in lines of at most `columns` cells."""
    parts = (
        Text.assemble(("■", Style(color=Color.from_rgb(*_colour(kind)))), f" {printable(classes[kind])} {count}")
        for kind, count in sorted(counts.items())
    )
    lines: list[list[Text]] = [[]]
    for part in parts:
        if lines[-1] and sum(one.cell_len + 3 for one in lines[-1]) + part.cell_len > columns:
            lines.append([])
        lines[-1].append(part)
    return Text("\n").join(Text("   ").join(line) for line in lines) if counts else Text("no boxes on this image")


def _colour(kind: int) -> Rgb:
    return COLOURS[kind % len(COLOURS)]
