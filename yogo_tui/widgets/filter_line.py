"""`/`: a line that filters what is shown. It stays until it is emptied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from yogo_tui.widgets.text_field import TextField, passed_on


async def handle_in_order(target: Widget, event: Key) -> None:
    """Let `/` filter a list at once: what is typed in one bunch with that key goes into the line, not to the list."""
    if passed_on(target, event):
        return
    found = target.screen.active_bindings.get(event.key)
    if found and found.enabled and found.binding.action == "filter":
        event.stop().prevent_default()
        await target.app.run_action(found.binding.action, found.node)


class FilterLine(TextField):
    """Enter keeps the filter and escape empties it; both return the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "no filter", id="filter.leave", show=False),
        Binding("enter,down", "keep", "keep the filter", id="filter.keep", show=False),
    ]

    @dataclass
    class Filtered(Message):
        """The text has changed, or, with `is_final`, was accepted."""

        line: FilterLine
        words: str
        is_final: bool = False

        @property
        def control(self) -> FilterLine:
            return self.line

    def __init__(self, target: str, placeholder: str, *, id: str | None = None) -> None:
        """`target` is the selector of the widget that gets the focus afterwards."""
        super().__init__(placeholder=placeholder, classes="filter", compact=True, id=id)
        self._target = target

    def open(self) -> None:
        self.add_class("-open")
        self.screen.set_focus(self)

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
        """Empty and hide the line."""
        self.value = ""
        self.remove_class("-open")

    def _go_back(self) -> None:
        self.screen.set_focus(self.screen.query_one(self._target, Widget))
