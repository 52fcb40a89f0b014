"""The pane beside the list of runs, which shows the run under the cursor."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from textual import getters, work
from textual.binding import Binding, BindingType

from yogo_tui.listing.columns import Column
from yogo_tui.runs.model import Run
from yogo_tui.screens.base import changes
from yogo_tui.screens.run_actions import RunActions
from yogo_tui.widgets.key_bar import key_of
from yogo_tui.widgets.run_preview import RunPreview
from yogo_tui.widgets.runs_table import least_width

PREVIEW_FROM = 120
"""Cells of a terminal that has room for the pane."""

_LEAST, _MOST, _SHARE = 40, 60, 0.35
_LEAST_LIST = 80
_REST_SECONDS = 0.15
"""While the cursor goes on sooner than this, the pane waits: over a slow line the list comes first."""


class PreviewsRun(RunActions):
    """A screen with a list, beside which the run under the cursor is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "p",
            "preview",
            "preview",
            id="runs.preview",
            show=False,
            tooltip="show the run under the cursor beside the list, or not",
        ),
    ]

    preview = getters.query_one(RunPreview)
    _previewed: str = ""
    """Key of the run that the pane shows, or is about to."""

    def preview_width(self, columns: Sequence[Column]) -> int:
        """Cells of the pane beside a list of these columns, none for the usual ones; 0 if it is not shown."""
        if not self.app.session.settings.preview or self.size.width < PREVIEW_FROM:
            return 0
        left = self.size.width - max(_LEAST_LIST, least_width(columns))
        return min(_MOST, max(_LEAST, int(self.size.width * _SHARE)), left) if left >= _LEAST else 0

    def show_preview(self, run: Run | None, width: int) -> None:
        """Show this run in so many cells."""
        self.preview.display = bool(run and width)
        self.preview.styles.width = width
        if run is None or not width:
            self._previewed = ""
            self.workers.cancel_group(self, "preview")
        elif run.key != self._previewed or not any(
            worker.group == "preview" and not worker.is_finished for worker in self.workers
        ):
            is_moved = bool(self._previewed) and run.key != self._previewed
            self._previewed = run.key
            self._follow_cursor(rest=_REST_SECONDS if is_moved else 0.0)

    @work(exclusive=True, group="preview")
    async def _follow_cursor(self, rest: float) -> None:
        """Show the run once the cursor rests on it, and what is not known of it once that is read."""
        from yogo_tui.listing.preview import Previewed  # it must not delay the first frame

        await asyncio.sleep(rest)
        previews = self.app.session.previews

        def show(run: Run) -> None:
            known = previews.known(run)
            self.preview.show(Previewed(run, known.losses, known.error, known.problem) if known else Previewed(run))

        if (run := self.acted_on) is None:
            return
        show(run)
        if not previews.is_fresh(run):
            await previews.read(run)
            if (now := self.acted_on) is not None and now.key == run.key:
                show(now)

    @changes
    async def action_preview(self) -> None:
        """Show the pane or hide it, and keep that in the settings."""
        session = self.app.session
        with self.app.telling("whether the preview is shown was not kept"):
            await session.keep_preview(not session.settings.preview)
            self.preview_switched()
            if session.settings.preview and self.acted_on and not self.preview.display:
                narrow = self.size.width < PREVIEW_FROM
                needs = f"The preview needs {PREVIEW_FROM} columns: this terminal has {self.size.width}."
                full = f"The columns leave the preview no room: {key_of(self, 'runs.columns')} chooses fewer."
                self.app.notify(needs if narrow else full, markup=False)

    def preview_switched(self) -> None:
        """Called after the pane was asked for or hidden."""
        raise NotImplementedError
