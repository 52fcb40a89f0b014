"""Lines of what was found or checked, each with its sign, and a line for what is waited for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from yogo.text.terminal import printable
from yogo_tui.doctor.finding import Finding, Sign
from yogo_tui.words import cut_end, padded

_COLOURS = {Sign.GOOD: "$success", Sign.BAD: "$error", Sign.DOUBT: "$warning", Sign.NONE: "$foreground-muted"}
_WIDEST = 14


class FindingsView(Static):
    DEFAULT_CSS = "FindingsView { height: auto; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._findings: Sequence[Finding] = ()
        self._waiting = ""

    def show(self, findings: Sequence[Finding], waiting: str = "") -> None:
        """Show these; `waiting` is what more is waited for, empty if nothing is."""
        self._findings, self._waiting = findings, waiting
        self._draw()

    def on_resize(self, event: Resize) -> None:
        self._draw()

    def _draw(self) -> None:
        if self.size.width:
            self.update(Content("\n").join(self._lines(self.size.width)))

    def _lines(self, width: int) -> Iterator[Content]:
        column = min(max([cell_len(printable(one.about)) for one in self._findings], default=0), _WIDEST)
        for one in self._findings:
            about = padded(cut_end(one.about, column), column)
            room = max(20, width - column - 5)
            first, *rest = [line.plain.rstrip() for line in Text(one.words).wrap(self.app.console, room)] or [""]
            style = "" if one.sign is Sign.GOOD else _COLOURS[one.sign]
            yield Content.assemble((one.sign.value, _COLOURS[one.sign]), f" {about}  ", (first, style))
            yield from (Content.assemble(" " * (column + 4), (line, style)) for line in rest)
        if self._waiting:
            yield Content.assemble((f"… {cut_end(self._waiting, width - 2)}", "$foreground-muted"))
