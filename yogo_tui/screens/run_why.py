"""Tells on the screen of one run why it is as it is."""

from __future__ import annotations

from textual import work

from yogo.text.terminal import printable
from yogo_tui.runs.model import Run
from yogo_tui.runs.why import Why
from yogo_tui.screens.run_actions import RunActions
from yogo_tui.widgets.folded import Folded
from yogo_tui.widgets.run_details import RunDetails


class TellsWhy(RunActions):
    """It has a Folded called `why` and the details. The log's end is read for it once, when the run is over."""

    _why: Why | None = None
    _asked_of: tuple[object, ...] = ()
    """The end of the run that was asked about last."""

    def tell_why(self, run: Run) -> None:
        """Show the error that ended it, or why it waits; look for it, if that was not done yet."""
        end = (run.state, run.job.id if run.job else None, run.result)
        if not run.state.is_over:
            self._why, self._asked_of = None, ()
        elif end != self._asked_of:
            self._asked_of = end
            self.look_for_why(run)
        error = self._why.error if self._why else ""
        known = [error] if error and error not in run.why else []
        said = " · ".join((*known, *run.remarks))
        self.query_one("#why", Folded).update(printable(said))
        self.set_class(bool(said), "-why")

    @work(exclusive=True, group="why of the run")
    async def look_for_why(self, run: Run) -> None:
        self._why = await self.app.session.jobs.why(run)
        self.query_one(RunDetails).why = self._why
        self.show_run(run)

    def show_run(self, run: Run) -> None:
        """Show what is known of it now."""
        raise NotImplementedError
