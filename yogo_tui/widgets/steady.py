"""Widgets that draw again only what has changed: what is sent to the terminal may go over a slow line."""

from __future__ import annotations

from itertools import zip_longest

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget
from textual.widgets import Static


class SteadyText(Static):
    """A Static whose text is told again and again, and seldom another one."""

    _said: str = ""

    def say(self, text: str) -> None:
        """Show this text, which is taken as it is, without markup."""
        if text != self._said:
            self._said = text
            self.update(Content(text))


class SteadyLine(Widget):
    """One line, of which only the part that has changed is drawn again."""

    _at_present: Content = Content()

    def line(self) -> Content:
        """What the line is now."""
        raise NotImplementedError

    def draw(self) -> None:
        """Look at the line again, because it may be another one."""
        if not self.is_mounted or not self.size:
            return
        before, self._at_present = self._at_present, self.line()
        if changed := _changed(before, self._at_present):
            self.refresh(Region(changed[0], 0, changed[1] - changed[0], 1))

    def render(self) -> Content:
        self._at_present = self.line()
        return self._at_present


def _changed(before: Content, after: Content) -> tuple[int, int] | None:
    """The first column in which two lines differ and the one after the last; None if they are the same."""
    if before.is_same(after):
        return None
    pairs = [*zip_longest(_cells(before), _cells(after))]
    differ = [number for number, (old, new) in enumerate(pairs) if old != new]
    if not differ:
        return None
    columns = [cell_len(one.plain[:number]) for one in (before, after) for number in (differ[0], differ[-1] + 1)]
    return min(columns), max(columns)


def _cells(line: Content) -> list[tuple[str, ...]]:
    """Each character with its styles."""
    cells = [(sign,) for sign in line.plain]
    looks: list[tuple[str, ...]] = [*cells]
    for start, end, style in line.spans:
        for number in range(max(start, 0), min(end, len(looks))):
            looks[number] = (*looks[number], str(style))
    return looks
