"""What the console's tests share: a tmux of their own, and a host at the end of a long line."""

from __future__ import annotations

import shutil
import subprocess
from argparse import Namespace
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.bad_line import Line
from tests.ssh_server import Server
from tests.yogo_tui.far import far_away
from tests.yogo_tui.terminal import environment
from yogo_tui.advice import work_where
from yogo_tui.hosts.base import Host
from yogo_tui.hosts.here import HereHost
from yogo_tui.hosts.ssh import SshHost


class Tmux:
    """A tmux server of its own, without anybody's settings."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "tmux"
        self._environment = environment(folder)

    def run(self, *words: str) -> str:
        """What one of its commands prints; empty where it fails."""
        command = ["tmux", "-f", "/dev/null", "-S", str(self.socket), *words]
        return subprocess.run(command, env=self._environment, check=False, capture_output=True, text=True).stdout

    @property
    def screen(self) -> str:
        """What is on the screen of its one window."""
        return self.run("capture-pane", "-p")


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the console keeps for its user is kept for the test alone, and no command line has said where to work."""
    work_where(Namespace())
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    if shutil.which("tmux") is None:
        pytest.skip("needs tmux: run tests/slurm/install.sh")
    server = Tmux(tmp_path)
    try:
        yield server
    finally:
        server.run("kill-server")


@pytest.fixture
async def line(ssh_server: Server) -> AsyncIterator[Line]:
    """A line to the SSH server, which is "far" in the user's SSH configuration."""
    async with Line(ssh_server.port) as line:
        alive = ("ServerAliveInterval 1", "ServerAliveCountMax 2")
        ssh_server.configure("far", "HostKeyAlias far", *alive, port=line.port, known_hosts="known_far")
        key = (ssh_server.folder / "host_key.pub").read_text()
        (ssh_server.folder / "known_far").write_text(f"far {key}")
        yield line


@pytest.fixture
async def far(ssh_server: Server, line: Line) -> AsyncIterator[SshHost]:
    """The host at the other end of the line."""
    host = SshHost("far", config=ssh_server.config, back_within_seconds=1.0)
    yield host
    await host.close()


@pytest.fixture(params=["here", *(pytest.param(line, marks=pytest.mark.far) for line in ("ssh", "a bad line"))])
async def host(request: pytest.FixtureRequest) -> AsyncIterator[Host]:
    """This machine, one behind a real SSH server on the loopback, and that one over a slow and narrow line."""
    if request.param == "here":
        yield HereHost()
        return
    server = request.getfixturevalue("ssh_server")
    if request.param == "a bad line":
        async with far_away(server) as host:
            yield host
        return
    host = SshHost("login", config=server.config)
    yield host
    await host.close()
