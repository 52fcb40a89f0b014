"""A server's key: an unknown one is shown, a changed one is an alarm, with what to do about each."""

from __future__ import annotations

import asyncssh
import pytest
from ssh_server import Server

from yogo_tui.errors import HostError
from yogo_tui.hosts.ssh import SshHost


async def refusal(server: Server, alias: str) -> str:
    with pytest.raises(HostError) as caught:
        await SshHost(alias, config=server.config).run(["true"])
    return str(caught.value)


def fingerprint(server: Server) -> str:
    return asyncssh.read_public_key(server.folder / "host_key.pub").get_fingerprint()


async def test_an_unknown_key_is_shown_by_its_fingerprint(ssh_server: Server) -> None:
    (ssh_server.folder / "empty").touch()
    ssh_server.configure("stranger", known_hosts="empty")
    told = await refusal(ssh_server, "stranger")
    assert "The key of stranger is not known here" in told
    assert fingerprint(ssh_server) in told
    assert "`ssh stranger`" in told
    assert "CHANGED" not in told


async def test_a_file_of_known_hosts_that_does_not_exist_knows_no_key(ssh_server: Server) -> None:
    ssh_server.configure("stranger", known_hosts="not-there")
    told = await refusal(ssh_server, "stranger")
    assert "The key of stranger is not known here" in told
    assert fingerprint(ssh_server) in told
    assert not (ssh_server.folder / "not-there").exists()


@pytest.mark.parametrize("algorithm", ["ssh-ed25519", "ecdsa-sha2-nistp256"])
async def test_a_changed_key_is_an_alarm_with_both_fingerprints(ssh_server: Server, algorithm: str) -> None:
    other = asyncssh.generate_private_key(algorithm)
    line = f"[127.0.0.1]:{ssh_server.port} {other.export_public_key().decode()}"
    (ssh_server.folder / "before").write_text(line)
    ssh_server.configure("changed", known_hosts="before")
    told = await refusal(ssh_server, "changed")
    assert "THE KEY OF changed HAS CHANGED" in told
    assert fingerprint(ssh_server) in told
    assert other.get_fingerprint() in told
    assert f"ssh-keygen -R '[127.0.0.1]:{ssh_server.port}'" in told
    assert "is not known here" not in told
    assert (ssh_server.folder / "before").read_text() == line
