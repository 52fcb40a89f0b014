"""An open session: settings, host and cluster, and the parts that act on them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from yogo_tui.cluster.base import Cluster
from yogo_tui.cluster.table import CLUSTERS, Options
from yogo_tui.hosts.base import Host, Tell, silent
from yogo_tui.hosts.here import HereHost
from yogo_tui.launch.machine import fitted
from yogo_tui.questions.settings import ChangeSettings
from yogo_tui.runs.ahead import Ahead
from yogo_tui.runs.model import Run
from yogo_tui.session.runs import KnownRuns
from yogo_tui.settings import SettingChange, Settings

if TYPE_CHECKING:
    from yogo.definition.data_difference import DataDifference
    from yogo_tui.cluster.asked import CommandLog
    from yogo_tui.comparing.comparison import Comparison
    from yogo_tui.runs.pace import KnownPaces
    from yogo_tui.session.cleaning import Cleaning
    from yogo_tui.session.jobs import Jobs
    from yogo_tui.session.launcher import Launcher
    from yogo_tui.session.library import Library
    from yogo_tui.session.notebook import Notebook
    from yogo_tui.session.planner import Planner
    from yogo_tui.session.previews import Previews
    from yogo_tui.session.results import Results
    from yogo_tui.session.reviews import Reviews
    from yogo_tui.session.sweeps import Sweeps
    from yogo_tui.session.trash import Trash
    from yogo_tui.session.uses import Uses
    from yogo_tui.session.wandb import WandbUploads


class Session:
    """Open with `await Session.open(settings)`; close when done.

    A part is imported when it is asked for: neither the list of runs nor the first frame waits for the others.
    """

    def __init__(self, settings: Settings, host: Host, cluster: Cluster, ahead: Ahead | None = None) -> None:
        self.settings = settings
        self.host = host
        self.cluster = cluster
        self.machine = cluster.machine
        """This machine, if it runs the jobs itself; None if a scheduler chooses other machines."""

        self.runs = KnownRuns(host, cluster, settings, ahead)

    @cached_property
    def library(self) -> Library:
        from yogo_tui.session.library import Library

        return Library(self.host, self.settings)

    @cached_property
    def planner(self) -> Planner:
        from yogo_tui.session.planner import Planner

        return Planner(self.host, self.cluster, self.settings)

    @cached_property
    def launcher(self) -> Launcher:
        from yogo_tui.session.launcher import Launcher

        return Launcher(self.host, self.cluster, self.settings, self.runs.look_now)

    @cached_property
    def notebook(self) -> Notebook:
        from yogo_tui.session.notebook import Notebook

        return Notebook(self.host)

    @cached_property
    def trash(self) -> Trash:
        from yogo_tui.session.trash import Trash

        return Trash(self.host, self.settings, self.runs, self.runs.look_now)

    @cached_property
    def jobs(self) -> Jobs:
        from yogo_tui.session.jobs import Jobs

        return Jobs(self.host, self.cluster, self.settings, self.runs.look_now)

    @cached_property
    def results(self) -> Results:
        from yogo_tui.session.results import Results

        return Results(self.host)

    @cached_property
    def reviews(self) -> Reviews:
        from yogo_tui.session.reviews import Reviews

        return Reviews(self.host, self.settings)

    @cached_property
    def uses(self) -> Uses:
        from yogo_tui.session.uses import Uses

        return Uses(self.host, self.settings)

    @cached_property
    def previews(self) -> Previews:
        from yogo_tui.session.previews import Previews

        return Previews(self.host)

    @cached_property
    def cleaning(self) -> Cleaning:
        from yogo_tui.session.cleaning import Cleaning

        return Cleaning(self.host, self.settings)

    @cached_property
    def sweeps(self) -> Sweeps:
        from yogo_tui.session.sweeps import Sweeps

        return Sweeps(self.host, self.cluster, self.settings, self.runs.look_now)

    @cached_property
    def wandb(self) -> WandbUploads:
        from yogo_tui.session.wandb import WandbUploads

        return WandbUploads(self.host, self.runs)

    @classmethod
    async def open(cls, settings: Settings, host: Host | None = None, ahead: Ahead | None = None) -> Session:
        """Open a session on the cluster that the settings name, or, for auto, on the first one that is there.

        A cluster that is named is used even if it does not answer yet. `ahead` has asked the host already. Raises
        HostError.
        """
        host = host or HereHost()
        for name, kind in CLUSTERS.items():
            asked = ahead if ahead and ahead.name == name else None
            is_there = asked.is_there if asked else partial(kind.is_there, host)
            if settings.cluster == name or (settings.cluster == "auto" and await is_there()):
                options = asked.options if asked else Options(settings.local_slots)
                options.folder = PurePosixPath(settings.workspace_folder)
                cluster = asked.cluster if asked else kind.open(host, options)
                settings = settings.model_copy(update={"cluster": name})
                return cls(fitted(settings, cluster.machine) if cluster.machine else settings, host, cluster, ahead)
        raise AssertionError("the last cluster of the table is always there")

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know of the settings and of the host, a sentence each."""
        return (*self.settings.notices, *self.host.notices)

    @property
    def commands(self) -> CommandLog | None:
        """What the scheduler was asked since the session was opened; None if there is none, or it keeps no log."""
        return getattr(self.cluster, "commands", None)

    async def keep_columns(self, columns: Sequence[str]) -> None:
        """Show these columns in the list of runs, from now on and the next time; the usual ones if there are none.
        Raises SettingsError, HostError."""
        await self.keep("columns", tuple(columns))

    async def keep_preview(self, is_shown: bool) -> None:
        """Show the run under the cursor beside the list, or not, from now on. Raises SettingsError, HostError."""
        await self.keep("preview", is_shown)

    async def keep(self, name: str, value: bool | str | tuple[str, ...]) -> None:
        """Write a choice into the settings file, and use it from now on. Raises SettingsError, HostError."""
        await self.host.ask(ChangeSettings(self.settings.file, (SettingChange(name, value),)))
        self.settings = self.settings.model_copy(update={name: value})

    async def compare(self, runs: Sequence[Run], *, with_images: bool = False, tell: Tell = silent) -> Comparison:
        """Two runs or more beside each other, without single images. Raises LaunchError, HostError."""
        from yogo_tui.session.comparing import compare

        return await compare(self.host, runs, with_images=with_images, tell=tell)

    async def image_by_image(self, found: Comparison, *, tell: Tell = silent) -> Comparison:
        """The comparison with that of the test images that the runs share. Raises HostError."""
        from yogo_tui.session.comparing import image_by_image

        return await image_by_image(self.host, found, tell=tell)

    async def paces(self, runs: Sequence[Run]) -> KnownPaces:
        """What these runs, and measurements, tell of how long an epoch takes. Raises HostError."""
        from yogo_tui.runs.pace import KnownPaces, measured_paces

        measured = await measured_paces(self.host, PurePosixPath(self.settings.own_runs_folder))
        return KnownPaces(runs, self.cluster.name, measured)

    async def data_difference(self, first: Run, other: Run, *, tell: Tell = silent) -> DataDifference:
        """What differs between the data of two runs. Raises LaunchError, RunError, HostError."""
        from yogo_tui.session.comparing import data_difference

        return await data_difference(self.host, self.settings.workspace_folder, (first, other), tell=tell)

    async def close(self) -> None:
        """Close the session; jobs go on."""
        await self.host.close()
