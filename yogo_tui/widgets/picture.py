"""Shows an image with its boxes: in half blocks, where each cell of the terminal has two pixels, one above the other,
or in the pixels of the terminal, where it draws images and that was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.color import Color
from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Static

from yogo.text.terminal import printable
from yogo_tui.questions.images import Rgb, SmallImage
from yogo_tui.widgets.graphics import Graphics, widgets

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
    """An image, and what is said about it."""

    image: SmallImage
    legend: Text
    num_boxes: int

    @property
    def blocks(self) -> Text:
        return _half_blocks(self.image)


def draw(image: SmallImage, classes: Sequence[str], columns: int) -> Drawn:
    """The image as it was drawn on, and a legend that is no wider than so many columns."""
    counts = dict(image.boxes)
    return Drawn(image, _legend(classes, counts, columns - 2), sum(counts.values()))


_MOST_PIXELS = 1024
"""Of a side of an image: what is larger is enlarged here, and not sent over the line."""


class PictureView(Container):
    """An image, or a sentence in its place."""

    DEFAULT_CSS = """
    PictureView {
        align-horizontal: right; /* beside Sixel's last row textual-image leaves what was there */

        & Static { width: 100%; height: 100%; text-align: center; }
        &.-sharp Static { display: none; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    def room(self, graphics: Graphics | None) -> tuple[int, int]:
        """So many columns and rows of pixels can be shown."""
        columns, rows = self.size
        if graphics is None:
            return columns, 2 * rows
        width, height = graphics.cell
        return min(columns * width, _MOST_PIXELS), min(rows * height, _MOST_PIXELS)

    def tell(self, words: str) -> None:
        self._leave_sharp()
        self.query_one(Static).update(words)

    def show(self, drawn: Drawn, graphics: Graphics | None) -> None:
        if graphics is None:
            self._leave_sharp()
            self.query_one(Static).update(drawn.blocks)
            return
        from PIL import Image

        image = drawn.image
        size = (image.width, len(image.pixels) // (3 * image.width))
        sharp = widgets(graphics)(Image.frombytes("RGB", size, image.pixels))
        sharp.styles.width = sharp.styles.height = "auto"
        self._leave_sharp()
        self.set_class(True, "-sharp")
        self.mount(sharp)

    def _leave_sharp(self) -> None:
        self.set_class(False, "-sharp")
        self.query_children().exclude("Static").remove()


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
