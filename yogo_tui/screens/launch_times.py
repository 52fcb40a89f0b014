"""When each size of Launch would start and finish: what the cluster was asked, and what runs like it tell."""

from __future__ import annotations

from textual import getters, work

from yogo_tui.cluster.base import Estimate, Resources
from yogo_tui.screens.launch_form import timings_of
from yogo_tui.screens.script_actions import ScriptActions
from yogo_tui.settings import SizePreset
from yogo_tui.widgets.launch_summary import LaunchSummary


class LaunchTimes(ScriptActions):
    """A screen that shows the sizes, and what the cluster was asked about them."""

    summary = getters.query_one(LaunchSummary)

    _estimates: dict[int, Estimate]
    _resources: dict[str, Resources]
    """Of the partitions that were asked for."""

    @work(exclusive=True, group="when")
    async def action_when(self) -> None:
        """Ask the cluster when each size would start."""
        session, sizes = self.app.session, self.app.session.settings.sizes
        with self.app.telling("the cluster gave no estimate"):
            for index, size in enumerate(sizes):
                asking = f"asking the cluster · {index + 1} of {len(sizes)}"
                self._show_sizes(asking)
                if not self._form.missing:
                    form = self._form if size == self._form.size else self._form.with_size(size)
                    plan = await session.planner.first(form)
                    self._estimates[index] = await session.launcher.estimate(plan)
            for partition, size in {session.launcher.partition(size): size for size in sizes}.items():
                self._resources[partition] = await session.launcher.resources(size)
        self._show_sizes()
        self.look_again()

    def _show_sizes(self, asking: str = "") -> None:
        size, known = self._form.size, self._resources_of(self._form.size)
        sizes = self.app.session.settings.sizes
        timings = timings_of(self.app.session, self._form, self.app.runs.runs, self._estimates)
        self.summary.show_sizes(sizes, size, known, timings, asking)

    def _resources_of(self, size: SizePreset) -> Resources | None:
        """Those of its partition; None until it was asked."""
        return self._resources.get(self.app.session.launcher.partition(size))
