"""`/`: a line that narrows what is shown, and stays until it is emptied. Opened again, typing begins it anew."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input


class FilterLine(Input):
    """enter keeps what was typed and goes back; esc empties it and goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "no filter", id="filter.leave", show=False),
        Binding("enter,down", "keep", "keep the filter", id="filter.keep", show=False),
    ]

    class Filtered(Message):
        """What was typed has changed, or (`is_final`) was accepted."""

        def __init__(self, line: FilterLine, words: str, *, is_final: bool = False) -> None:
            super().__init__()
            self.line = line
            self.words = words
            self.is_final = is_final

        @property
        def control(self) -> FilterLine:
            return self.line

    def __init__(self, target: str, placeholder: str = "filter", *, id: str | None = None) -> None:
        """`target` selects the widget that has the focus afterwards."""
        super().__init__(placeholder=placeholder, classes="filter", compact=True, id=id)
        self._target = target

    def open(self) -> None:
        self.add_class("-open")
        self.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Filtered(self, event.value))

    def action_keep(self) -> None:
        self.set_class(bool(self.value), "-open")
        self.post_message(self.Filtered(self, self.value, is_final=True))
        self._go_back()

    def action_leave(self) -> None:
        self.close()
        self._go_back()

    def close(self) -> None:
        """Empty it, and take it away."""
        self.value = ""
        self.remove_class("-open")

    def _go_back(self) -> None:
        self.screen.query_one(self._target, Widget).focus()
