"""Charts as PNG, drawn by Pillow, which is imported when a PNG is asked for."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from yogo.text.terminal import printable
from yogo_tui.comparing.plotting import INK, Sheet, dashed, stacked

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

_SCALE = 2
"""Pixels a point."""

_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}


def as_png(sheets: Sequence[Sheet]) -> bytes:
    """The sheets below each other, on white paper."""
    from PIL import Image, ImageDraw

    width, height = stacked(sheets)
    image = Image.new("RGB", (round(width * _SCALE), round(height * _SCALE)), "#ffffff")
    paper, top = ImageDraw.Draw(image), 0.0
    for sheet in sheets:
        _draw(paper, sheet, top)
        top += sheet.height
    sink = io.BytesIO()
    image.save(sink, "PNG", optimize=True)
    return sink.getvalue()


def _draw(paper: ImageDraw, sheet: Sheet, top: float) -> None:
    from PIL import ImageFont

    for stroke in sheet.strokes:
        for part in dashed(stroke):
            points = [(x * _SCALE, (y + top) * _SCALE) for x, y in part]
            paper.line(points, fill=stroke.colour, width=max(1, round(stroke.width * _SCALE)), joint="curve")
    font = ImageFont.load_default(12 * _SCALE)
    for words in sheet.words:
        at = words.x * _SCALE, (words.y + top) * _SCALE
        bold = 1 if words.is_bold else 0
        paper.text(at, printable(words.text), fill=INK, font=font, anchor=_ANCHORS[words.anchor], stroke_width=bold)
