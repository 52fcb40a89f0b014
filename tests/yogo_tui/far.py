"""The SSH server of the tests, at the end of a slow and narrow line."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from tests.bad_line import Line
from tests.ssh_server import Server
from yogo_tui.hosts.ssh import SshHost


@contextlib.asynccontextmanager
async def far_away(
    server: Server, delay_seconds: float = 0.02, bytes_per_second: float = 2e6
) -> AsyncIterator[SshHost]:
    """The host; a round trip to it takes twice the delay."""
    async with Line(server.port, delay_seconds, bytes_per_second) as line:
        server.configure("slow", "HostKeyAlias slow", port=line.port, known_hosts="known_slow")
        (server.folder / "known_slow").write_text(f"slow {(server.folder / 'host_key.pub').read_text()}")
        host = SshHost("slow", config=server.config)
        try:
            yield host
        finally:
            await host.close()
