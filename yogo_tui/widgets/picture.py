"""A picture with its boxes, in half blocks: each cell of the terminal shows two pixels, one above the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.color import Color
from rich.style import Style
from rich.text import Text

from yogo.definition import Sample, read_labels, read_notes
from yogo.distribution import installing
from yogo.errors import DefinitionError
from yogo.terminal import printable

if TYPE_CHECKING:
    from PIL import Image

    from yogo.data.depth import Asked

Rgb = tuple[int, int, int]

_COLOURS: tuple[Rgb, ...] = (
    (85, 255, 85),
    (255, 85, 85),
    (255, 255, 85),
    (95, 135, 255),
    (255, 85, 255),
    (85, 255, 255),
    (255, 255, 255),
)
"""Of the classes, in turn: the bright ones of sixteen, so that they differ in any terminal."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture as it is shown."""

    blocks: Text
    legend: Text
    num_boxes: int


def draw(sample: Sample, classes: Sequence[str], columns: int, rows: int, *, bits: Asked | None = None) -> Drawn:
    """The picture of `sample` within so many cells. Raises DefinitionError for a picture or labels that are broken.

    `bits` is how deep a picture of more than 8 bits is, among the others of its set; without it, by itself.
    """
    picture = _read(sample, (max(1, columns), max(2, 2 * rows)), bits)
    boxes = _boxes(sample, classes)
    for kind, edges in boxes:
        _outline(picture, edges, _colour(kind))
    return Drawn(_half_blocks(picture), _legend(classes, Counter(kind for kind, _ in boxes)), len(boxes))


def _read(sample: Sample, size: tuple[int, int], bits: Asked | None) -> Image.Image:
    """In colour, no wider and no higher than `size`; as it is trained on."""
    try:
        from PIL import Image

        from yogo.data.headers import depth_of_set
        from yogo.data.pictures import read_pixels
    except ImportError as error:
        raise DefinitionError(f"Pictures need Pillow, which is not installed: {installing('tui')}") from error
    asked = depth_of_set([sample.image_file]) if bits is None else bits
    pixels = read_pixels(sample.image, rgb=True, image_hw=None, bits=asked)
    picture = Image.fromarray(pixels.transpose(1, 2, 0).copy())
    scale = min(size[0] / picture.width, size[1] / picture.height)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BILINEAR)


def _boxes(sample: Sample, classes: Sequence[str]) -> list[tuple[int, list[float]]]:
    """Class and edges (x0, y0, x1, y1, in fractions of the frame) of each box. Raises DefinitionError."""
    if sample.label is None:
        return []
    rows = read_labels(sample.label, classes, read_notes(sample.label.parent)).rows
    return [(int(rows[start]), list(rows[start + 1 : start + 5])) for start in range(0, len(rows), 5)]


def _outline(picture: Image.Image, edges: Sequence[float], colour: Rgb) -> None:
    from PIL import ImageDraw

    sides = (picture.width, picture.height, picture.width, picture.height)
    place = [min(max(0, int(edge * side)), side - 1) for edge, side in zip(edges, sides, strict=True)]
    ImageDraw.Draw(picture).rectangle(place, outline=colour)


def _half_blocks(picture: Image.Image) -> Text:
    """Two rows of pixels a line; below an odd last one, nothing."""
    pixels = list(zip(*[iter(picture.tobytes())] * 3, strict=True))
    rows = [pixels[start : start + picture.width] for start in range(0, len(pixels), picture.width)]
    text = Text(no_wrap=True, end="")
    for number in range(0, len(rows), 2):
        lower = rows[number + 1] if number + 1 < len(rows) else [None] * picture.width
        for above, below in zip(rows[number], lower, strict=True):
            text.append("▀", Style(color=Color.from_rgb(*above), bgcolor=Color.from_rgb(*below) if below else None))
        text.append("\n")
    text.right_crop(1)
    return text


def _legend(classes: Sequence[str], counts: Counter[int]) -> Text:
    """The classes that are on the picture, each in its colour."""
    parts = (
        Text.assemble(("■", Style(color=Color.from_rgb(*_colour(kind)))), f" {printable(classes[kind])} {count}   ")
        for kind, count in sorted(counts.items())
    )
    return Text().join(parts) if counts else Text("no boxes on this picture")


def _colour(kind: int) -> Rgb:
    return _COLOURS[kind % len(_COLOURS)]
