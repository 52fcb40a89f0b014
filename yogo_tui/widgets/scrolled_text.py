"""Text that is longer than its room, scrolled by the keys that move in a list."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll


class ScrolledText(VerticalScroll, can_focus=True):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_down", "a line down", id="text.down", show=False),
        Binding("up,k", "scroll_up", "a line up", id="text.up", show=False),
        Binding("pagedown,space", "page_down", "a page down", id="text.page_down", show=False),
        Binding("home,g", "scroll_home", "the top", id="text.top", show=False),
        Binding("end,G", "scroll_end", "the end", id="text.end", show=False),
    ]
