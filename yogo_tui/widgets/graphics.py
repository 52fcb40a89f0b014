"""Whether the terminal draws images, by Sixel or by Kitty's graphics protocol. It is asked only on request.

A terminal answers on the console's own input, so it is asked while the console has lent the terminal out.
"""

from __future__ import annotations

import fcntl
import functools
import importlib.util
import io
import os
import re
import select
import struct
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from yogo.distribution import installing
from yogo_tui.errors import ConsoleError

if TYPE_CHECKING:
    from PIL import Image
    from textual.widget import Widget

PATIENCE_SECONDS = 2.0
"""For an answer: a terminal may be far away."""

_ATTRIBUTES = b"\x1b[c"
_CELL = b"\x1b[16t"
_COLOURS = b"\x1b[?1;1;0S"
_NAME = b"\x1b[>q"
_KITTY = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"

_VT220 = 62
"""From this level on a terminal passes over strings that it does not know, as Kitty's question is for most."""

_SIXEL = 4
MOST_COLOURS = 256
"""Of an image that is drawn by Sixel."""

_STAY = "Images stay in half blocks."
NOWHERE = "Only a terminal can show images sharper."
SILENT = f"This terminal does not say what it can draw. {_STAY}"
NEITHER = (
    "This terminal draws no images: it has neither Sixel nor Kitty's graphics with placeholders (Kitty 0.28 or later, "
    f"Ghostty), or what is between, such as tmux or screen, does not pass them on. {_STAY}"
)
SIZELESS = f"This terminal draws images, but does not say how large its characters are. {_STAY}"


class Drawing(StrEnum):
    SIXEL = "Sixel"
    KITTY = "Kitty"


@dataclass(frozen=True, slots=True)
class Graphics:
    """How a terminal draws images."""

    drawing: Drawing
    cell: tuple[int, int]
    """Width and height of a character in pixels."""

    num_colours: int = MOST_COLOURS
    """That it shows at once by Sixel: xterm as a VT340 has 16."""


def ask(source: int, target: int, *, patience: float = PATIENCE_SECONDS) -> Graphics:
    """Ask the terminal that is read from `source` and written to at `target`. Raises ConsoleError with the reason why
    it draws no images; where neither is a terminal nothing is written."""
    if not (os.isatty(source) and os.isatty(target)):
        raise ConsoleError(NOWHERE)
    with _unechoed(source):
        first = _answered(source, target, _ATTRIBUTES, patience)
        attributes = _attributes(first)
        if not attributes:
            raise ConsoleError(SILENT)
        is_sixel = _SIXEL in attributes[1:]
        if not is_sixel and attributes[0] < _VT220:
            raise ConsoleError(NEITHER)
        cell = cell_size(target)
        more = (_COLOURS if is_sixel else _KITTY + _NAME) + (b"" if cell else _CELL)
        answers = _answered(source, target, more + _ATTRIBUTES, patience)
    if not is_sixel and not _has_placeholders(answers):
        raise ConsoleError(NEITHER)
    if (size := cell or _told_cell(answers)) is None:
        raise ConsoleError(SIZELESS)
    return Graphics(Drawing.SIXEL, size, _told_colours(answers)) if is_sixel else Graphics(Drawing.KITTY, size)


def cell_size(target: int) -> tuple[int, int] | None:
    """Width and height of a character in pixels, as the terminal's line knows it; None if it does not."""
    try:
        rows, columns, width, height = struct.unpack("HHHH", fcntl.ioctl(target, termios.TIOCGWINSZ, bytes(8)))
    except OSError:
        return None
    return (width // columns, height // rows) if columns and rows and width >= columns and height >= rows else None


def widgets(graphics: Graphics) -> Callable[[Image.Image], Widget]:
    """What makes a widget of an image. textual-image is imported here. Raises ConsoleError if it is not installed."""
    if importlib.util.find_spec("textual_image") is None:
        raise ConsoleError(f"Sharper images need textual-image, which is not installed: {installing('tui')}")
    with _unasked(graphics.cell):
        from textual_image._terminal import get_cell_size
        from textual_image.widget import SixelImage, SixelOptions, TGPImage

        vars(get_cell_size).pop("_result", None)  # it keeps the first size for ever, and fonts are enlarged
        get_cell_size()
    if graphics.drawing is Drawing.KITTY:
        return TGPImage
    return functools.partial(SixelImage, sixel_options=SixelOptions(colors=graphics.num_colours))


@contextmanager
def _unasked(cell: tuple[int, int]) -> Iterator[None]:
    """Keep textual-image from asking the terminal itself, which it does at its import: tell it the size instead."""
    kept, told = sys.__stdout__, {"TEXTUAL_CELL_WIDTH": str(cell[0]), "TEXTUAL_CELL_HEIGHT": str(cell[1])}
    before = {name: os.environ.get(name) for name in told}
    sys.__stdout__ = io.StringIO()  # type: ignore[misc, assignment] # is no terminal
    os.environ.update(told)
    try:
        yield
    finally:
        sys.__stdout__ = kept  # type: ignore[misc]
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


@contextmanager
def _unechoed(source: int) -> Iterator[None]:
    """Read what the terminal answers as it comes, without showing it."""
    before = termios.tcgetattr(source)
    tty.setcbreak(source, termios.TCSANOW)
    try:
        yield
    finally:
        termios.tcsetattr(source, termios.TCSANOW, before)


def _answered(source: int, target: int, questions: bytes, patience: float) -> bytes:
    """All answers up to the one about its attributes, which comes last; what came in time if that does not come."""
    os.write(target, questions)
    answers, until = b"", time.monotonic() + patience
    while not _attributes(answers) and (left := until - time.monotonic()) > 0:
        if select.select([source], [], [], left)[0]:
            data = os.read(source, 4096)
            if not data:
                break
            answers += data
    return answers


def _attributes(answers: bytes) -> list[int]:
    found = re.search(rb"\x1b\[\?([0-9;]+)c", answers)
    return [int(number) for number in found[1].split(b";") if number] if found else []


def _has_placeholders(answers: bytes) -> bool:
    """Whether it has Kitty's graphics, and draws them where characters stand for them, as textual-image needs it."""
    if not re.search(rb"\x1b_G[^\x1b]*;OK\x1b\\", answers):
        return False
    name = re.search(rb"\x1bP>\|(kitty|ghostty)[ (]*([0-9]*)\.?([0-9]*)", answers, re.IGNORECASE)
    if name is None:
        return False
    return name[1].lower() == b"ghostty" or (int(name[2] or 0), int(name[3] or 0)) >= (0, 28)


def _told_cell(answers: bytes) -> tuple[int, int] | None:
    found = re.search(rb"\x1b\[6;([0-9]+);([0-9]+)t", answers)
    return (int(found[2]), int(found[1])) if found and int(found[1]) and int(found[2]) else None


def _told_colours(answers: bytes) -> int:
    found = re.search(rb"\x1b\[\?1;0;([0-9]+)S", answers)
    return min(MOST_COLOURS, int(found[1])) if found and int(found[1]) > 1 else MOST_COLOURS
