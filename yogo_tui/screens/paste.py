"""A line to paste a command into, also one of several lines."""

from __future__ import annotations

from typing import ClassVar

from textual.events import Paste

from yogo_tui.launch.command_line import one_line
from yogo_tui.screens.choose import LinePrompt
from yogo_tui.widgets.text_field import TextField


class PasteField(TextField):
    """Joins the lines that are pasted into it, as a shell would."""

    def on_paste(self, event: Paste) -> None:
        event.stop().prevent_default()
        self.insert_text_at_cursor(one_line(event.text))


class PastePrompt(LinePrompt):
    FIELD: ClassVar = PasteField
