"""When each size of Launch would start and finish: what the cluster was asked, and what runs like it tell."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import ClassVar

from textual import getters, work
from textual.binding import Binding, BindingType

from yogo_tui.cluster.base import Estimate, Resources
from yogo_tui.errors import HostError
from yogo_tui.runs.pace import MeasuredPace, measured_paces
from yogo_tui.screens.ask import Ask
from yogo_tui.screens.launch_form import timings_of
from yogo_tui.screens.script_actions import ScriptActions
from yogo_tui.settings import SizePreset
from yogo_tui.widgets.key_bar import key_of
from yogo_tui.widgets.launch_summary import LaunchSummary


class LaunchTimes(ScriptActions):
    """A screen that shows the sizes, and what the cluster was asked about them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "when", "when", id="launch.when", show=False, tooltip="ask when each size would start"),
        Binding(
            "m",
            "measure",
            "measure",
            id="launch.measure",
            show=False,
            tooltip="measure how long an epoch takes, by a small job",
        ),
    ]

    summary = getters.query_one(LaunchSummary)

    _estimates: dict[int, Estimate]
    _resources: dict[str, Resources]
    """Of the partitions that were asked for."""

    _measured: Sequence[MeasuredPace] = ()
    _asked_at: datetime | None = None
    _asking = ""
    """What is being asked."""

    _is_measuring = False

    @work(exclusive=True, group="when")
    async def action_when(self) -> None:
        """Ask the cluster when each size would start."""
        session, sizes = self.app.session, self.app.session.settings.sizes
        try:
            with self.app.telling("the cluster gave no estimate"):
                for index, size in enumerate(sizes):
                    self._tell_asking(f"asking the cluster · {index + 1} of {len(sizes)}")
                    if not self._form.missing:
                        form = self._form if size == self._form.size else self._form.with_size(size)
                        plan = await session.planner.first(form)
                        self._estimates[index] = await session.launcher.estimate(plan)
                for partition, size in {session.launcher.partition(size): size for size in sizes}.items():
                    self._resources[partition] = await session.launcher.resources(size)
                self._asked_at = datetime.now().astimezone()
        finally:
            self._tell_asking("")
        self.look_again()

    @work(group="measure")
    async def action_measure(self) -> None:
        """Measure the speed of what the form holds, by a job that leaves no run."""
        from yogo_tui.session.speed_probe import SpeedProbe

        app, form = self.app, self._form
        if self._is_measuring or form.missing:
            app.notify(form.missing or f"it is being measured: {key_of(self, 'app.tasks')} stops it", markup=False)
            return
        self._is_measuring = True
        try:
            with app.telling("the speed was not measured"):
                probe = SpeedProbe(app.session, await app.session.planner.first(form))
                if await app.push_screen_wait(Ask(probe.question)):
                    with app.tasks.under_way("measuring the speed", self._tell_measuring) as tell:
                        await probe.measured(tell)
                    await self._read_measured()
        finally:
            self._is_measuring = False
            self._tell_asking("")

    async def _read_measured(self) -> None:
        """Read what was measured earlier. What cannot be read is left as it is known."""
        session = self.app.session
        with contextlib.suppress(HostError):
            self._measured = await measured_paces(session.host, PurePosixPath(session.settings.own_runs_folder))

    def _tell_measuring(self, what: str, done: int, total: int) -> None:
        self._tell_asking(f"measuring · {what} · {key_of(self, 'app.tasks')} stops it")

    def _tell_asking(self, asking: str) -> None:
        self._asking = asking
        self._show_sizes()

    def _show_sizes(self) -> None:
        size, known = self._form.size, self._resources_of(self._form.size)
        sizes = self.app.session.settings.sizes
        timings = timings_of(self.app.session, self._form, self.app.runs.runs, self._estimates, self._measured)
        is_asked = self._asked_at is not None and bool(self._estimates or self._resources)
        asked = f"asked {self._asked_at:%H:%M} · {key_of(self, 'launch.when')} asks again" if is_asked else ""
        unknown = f"{key_of(self, 'launch.measure')} measures it." if not self._form.missing else ""
        self.summary.show_sizes(sizes, size, known, timings, asking=self._asking, asked=asked, unknown=unknown)

    def _resources_of(self, size: SizePreset) -> Resources | None:
        """Those of its partition; None until it was asked."""
        return self._resources.get(self.app.session.launcher.partition(size))
