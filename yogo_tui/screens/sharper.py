"""Draws images by what the terminal has for it (Sixel, Kitty's graphics), which is asked for at the first request."""

from __future__ import annotations

import dataclasses
import sys

from textual.app import SuspendNotSupported
from textual.events import Resize

from yogo_tui.errors import ConsoleError
from yogo_tui.screens.base import BaseConsole, FramedScreen
from yogo_tui.widgets.graphics import NOWHERE, Drawing, Graphics, ask, cell_size, widgets

COLOURLESS = (
    "Kitty's graphics number their images by 24-bit colours, which are off here: leave the console, "
    "`export COLORTERM=truecolor`, `unset NO_COLOR`, and open it again. Images stay in half blocks."
)


class ShowsImages(FramedScreen):
    """A screen with an image, which it draws again as the terminal draws images now."""

    def action_step(self, by: int) -> None:
        """Show the image that is so many further on; with 0, the same again."""
        raise NotImplementedError

    def on_screen_resume(self) -> None:
        if self.app.graphics is not None:  # what stood over a sharper image has left holes in it
            self.call_after_refresh(self.action_step, 0)

    def on_resize(self, event: Resize) -> None:
        measure(self.app)
        self.call_after_refresh(self.action_step, 0)

    def action_sharper(self) -> None:
        toggle(self.app)
        self.action_step(0)


def toggle(app: BaseConsole) -> None:
    """Show images sharper, or in half blocks again. Where they cannot be, a sentence says so."""
    if app.graphics is not None:
        app.graphics = None
        return
    with app.telling("images are not drawn sharper"):
        graphics = _ask(app)
        if graphics.drawing is Drawing.KITTY and (app.console.color_system != "truecolor" or app.no_color):
            raise ConsoleError(COLOURLESS)
        widgets(graphics)  # while it can be said that the library is missing
        app.graphics = graphics


def measure(app: BaseConsole) -> None:
    """After the terminal was resized: its characters may have become larger or smaller."""
    if app.graphics is None or sys.__stdout__ is None:
        return
    if cell := cell_size(sys.__stdout__.fileno()):
        app.graphics = dataclasses.replace(app.graphics, cell=cell)


def _ask(app: BaseConsole) -> Graphics:
    if sys.__stdin__ is None or sys.__stdout__ is None:
        raise ConsoleError(NOWHERE)
    try:
        with app.suspend():
            return ask(sys.__stdin__.fileno(), sys.__stdout__.fileno())
    except SuspendNotSupported:
        raise ConsoleError(NOWHERE) from None
