"""The run under the cursor of a list, beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.events import Resize
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from yogo_tui.runs.model import RunState

if TYPE_CHECKING:
    from yogo.text.canvas import Row
    from yogo_tui.listing.preview import Previewed

_KINDS = ("curve-0", "curve-1", "axis", "best", "gap", "title", "name")


class RunPreview(Widget):
    """Shows `show`n runs; only rows that have changed are sent to the terminal."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"preview--{kind}" for kind in _KINDS),
        *(f"state--{state}" for state in RunState),
    }
    DEFAULT_CSS = """
    RunPreview {
        & > .preview--curve-0 { color: $accent; }
        & > .preview--curve-1 { color: $warning; }
        & > .preview--axis { color: $foreground-muted; text-style: dim; }
        & > .preview--title { color: $foreground-muted; }
        & > .preview--best { color: $success; }
        & > .preview--gap { color: $error; }
        & > .preview--name { text-style: bold; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._previewed: Previewed | None = None
        self._rows: list[Row] = []

    def show(self, previewed: Previewed | None) -> None:
        """Show this run; None shows none."""
        self._previewed = previewed
        self._draw()

    def on_resize(self, _event: Resize) -> None:
        self._draw()

    def _draw(self) -> None:
        before, self._rows = self._rows, []
        width, height = self.content_size
        if self._previewed and width and height:
            self._rows = self._previewed.rows(width, height, datetime.now(UTC))
        for y, (old, new) in enumerate(zip_longest(before, self._rows)):
            if old != new:
                self.refresh(Region(0, y, *self.size.with_height(1)))

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self.rich_style
        row = self._rows[y] if y < len(self._rows) else ()
        segments = []
        for span in row:
            kind = span.kind.replace("-", "--", 1) if span.kind.startswith("state-") else f"preview--{span.kind}"
            style = self.get_component_rich_style(kind, partial=True) if span.kind else None
            segments.append(Segment(span.text, style))
        return Strip(segments).apply_style(base).adjust_cell_length(width, base)
