"""Chooses the theme: each is shown as soon as the cursor is on it."""

from __future__ import annotations

from collections.abc import Callable

from textual import on
from textual.widgets import OptionList

from yogo_tui.screens.choose import Choice, Choose

ABOUT = {
    "auto": "light where the terminal says that it is, else dark; 16 where it has no more",
    "dark": "for 256 colours and more",
    "light": "for 256 colours and more",
    "colour-blind": "blue, yellow and orange on dark",
    "16": "the terminal's own colours, on dark",
    "16-light": "the terminal's own colours, on light",
}


class ChooseTheme(Choose):
    """Returns the index of the chosen name in ABOUT; None if the dialog was left."""

    def __init__(self, current: str, show: Callable[[str], None]) -> None:
        choices = [Choice(name, about) for name, about in ABOUT.items()]
        self._show = show
        super().__init__("the theme, shown as you move", choices, [*ABOUT].index(current))

    @on(OptionList.OptionHighlighted)
    def _preview(self, event: OptionList.OptionHighlighted) -> None:
        if event.option.id:
            self._show([*ABOUT][int(event.option.id)])
