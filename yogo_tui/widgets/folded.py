"""Text in a few lines, with a sign where more of it would follow."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text
from textual.geometry import Size
from textual.widget import Widget


class Folded(Widget):
    """Plain text, safe for a terminal. Its lines break at blanks."""

    DEFAULT_CSS = "Folded { height: auto; }"

    def __init__(self, most: int, more: str = "", *, id: str | None = None) -> None:
        """It shows `most` lines at most, and `more` behind the sign, such as how to read the rest."""
        super().__init__(id=id)
        self.most = most
        self._more = more
        self._text = ""

    def update(self, text: str) -> None:
        if text != self._text:
            self._text = text
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Text:
        return Text("\n".join(self._lines(self.size.width)), no_wrap=True)

    def _lines(self, width: int) -> list[str]:
        if width <= 0:
            return [""]
        lines = [line.plain.rstrip() for line in Text(self._text).wrap(self.app.console, width)] or [""]
        if len(lines) <= self.most:
            return lines
        sign = f" … {self._more}" if self._more else " …"
        last = lines[self.most - 1]
        while cell_len(last) > width - len(sign):
            last = last.rpartition(" ")[0]
        return [*lines[: self.most - 1], f"{last}{sign}"]
