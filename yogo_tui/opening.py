"""Opens a session where a person asked for it: on this machine, or on one that SSH reaches.

What a session does is imported once it is open: a far machine is connected to meanwhile.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from yogo.files.places import expanded
from yogo_tui.hosts.asker import Asker, TerminalAsker
from yogo_tui.hosts.base import HERE, Host
from yogo_tui.hosts.here import HereHost
from yogo_tui.questions.glance import GlanceAtRuns
from yogo_tui.questions.settings import ReadSettings, SettingsFile
from yogo_tui.runs.ahead import Ahead
from yogo_tui.settings import HostPreset, Settings, file_of, hosts_in, load

if TYPE_CHECKING:
    from yogo_tui.hosts.ssh import SshHost
    from yogo_tui.session import Session


@dataclass(frozen=True, slots=True)
class Place:
    """Where to open a session, as far as it was said; what was not said is as the settings say."""

    host: str | None = None
    """What one gives to ssh, the name of one of the settings' hosts, or HERE."""

    file: Path | None = None
    """The settings file of this machine."""

    workspace: Path | None = None
    cluster: str | None = None
    profile: str | None = None
    """Of the settings in force: those of the machine that `host` names, else of this one."""

    @property
    def words(self) -> tuple[str, ...]:
        """The options that say it to a command, in whatever folder that is typed."""
        is_near = self._preset() is None
        folder = self.workspace.absolute() if self.workspace and is_near else self.workspace
        said = {
            "--host": self.host,
            "--settings": self.file and self.file.absolute(),
            "--profile": self.profile,
            "--workspace": folder,
            "--cluster": self.cluster,
        }
        return tuple(word for flag, value in said.items() if value is not None for word in (flag, str(value)))

    @contextlib.asynccontextmanager
    async def reached(self, asker: Asker | None = None) -> AsyncIterator[Reached]:
        """The machine, until it is left. Raises ConsoleError."""
        there = self.reach(asker)
        try:
            yield there
        finally:
            await there.host.close()

    def reach(self, asker: Asker | None = None) -> Reached:
        """The machine, to be closed by whoever takes it. It is connected to at the first call."""
        preset = self._preset()
        if preset is None:
            return Reached(HereHost(), self)
        from yogo_tui.hosts.ssh import SshHost

        serve = (*shlex.split(preset.yogo_tui), "serve")
        config = expanded(Path(preset.ssh_config)) if preset.ssh_config else None
        host = SshHost(preset.login, config=config, asker=asker or TerminalAsker(), serve=serve)
        return Reached(host, self, preset, host)

    def _preset(self) -> HostPreset | None:
        """The far machine; None for this one. Raises SettingsError."""
        if self.host == HERE:
            return None
        named, presets = hosts_in(self.file, profile=self.profile if self.host is None else None)
        name = self.host or named
        if not name:
            return None
        return next((preset for preset in presets if preset.name == name), HostPreset(name=name, login=name))


@dataclass(frozen=True, slots=True)
class Reached:
    """A machine, and what was said of where on it to work."""

    host: Host
    place: Place
    preset: HostPreset | None = None
    """None for this machine."""

    far: SshHost | None = None
    """The host, where it is another machine."""

    async def settings(self, *, is_new: bool = False) -> Settings:
        """The settings in force there. A file that is named must exist, unless it `is_new`. Raises SettingsError,
        HostError."""
        place = self.place
        if self.preset is None:
            said = place.profile
            return load(place.file, workspace=place.workspace, cluster=place.cluster, profile=said, is_new=is_new)
        return (await self.host.ask(ReadSettings(*self._said(self.preset), is_new))).unpacked()

    def _said(self, preset: HostPreset) -> tuple[Path | None, Path | None, str | None, str | None]:
        """The settings file, the workspace, the cluster and the profile, as they were said here."""
        place = self.place
        profile = place.profile if place.host is not None else None
        workspace = place.workspace or _path(preset.workspace)
        return _path(preset.settings), workspace, place.cluster, profile or preset.profile or None

    def _glance(self) -> GlanceAtRuns | None:
        return GlanceAtRuns(*self._said(self.preset)) if self.preset else None

    async def settings_file(self) -> Path:
        """The settings file there, whether it exists or not. Raises SettingsError, HostError."""
        if self.preset is None:
            return file_of(self.place.file)
        return await self.host.ask(SettingsFile(_path(self.preset.settings)))

    async def connect(self) -> None:
        """Connect to it now, also where the login was refused before. Raises HostError."""
        if self.far is not None:
            await self.far.connect()

    async def open(self, *, for_console: bool = False) -> Session:
        """A session on it. A console reads the runs first of all, and has them asked for together with the settings.

        Raises ConsoleError.
        """
        ahead = Ahead(self.host, self._glance() if for_console else None) if self.preset else None
        try:
            settings = await self.settings()
            from yogo_tui.session import Session

            return await Session.open(settings, self.host, ahead)
        except BaseException:
            if ahead:
                ahead.leave()
            raise

    async def has(self, file: Path) -> bool:
        """Whether something of this name exists there, a link that leads nowhere included. Raises HostError."""
        return (await self.host.run(["test", "-e", str(file), "-o", "-L", str(file)], only_looks=True)).status == 0


async def opened(place: Place, asker: Asker | None = None) -> Session:
    """A session; the connection may ask a person through `asker`, else on the terminal. Raises ConsoleError."""
    there = place.reach(asker)
    try:
        return await there.open()
    except BaseException:
        await there.host.close()
        raise


def _path(text: str) -> Path | None:
    return Path(text) if text else None
