"""A server's key: an unknown one is shown, a changed one is an alarm, with what to do about each."""

from __future__ import annotations

import asyncssh
import pytest

from tests.ssh_server import Server
from tests.yogo_tui.answering import Person
from yogo_tui.errors import HostError
from yogo_tui.hosts.ssh import SshHost


async def refusal(server: Server, alias: str, person: Person | None = None) -> str:
    with pytest.raises(HostError) as caught:
        await SshHost(alias, config=server.config, asker=person).run(["true"])
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


async def test_a_key_that_a_known_authority_has_signed_is_trusted(ssh_server: Server) -> None:
    authority = asyncssh.generate_private_key("ssh-ed25519")
    own = asyncssh.read_private_key(ssh_server.folder / "host_key")
    certificate = authority.generate_host_certificate(own, "test", principals=["signed.example.org"])
    certificate.write_certificate(ssh_server.folder / "host_key-cert.pub")
    ssh_server.set(f"HostCertificate {ssh_server.folder}/host_key-cert.pub")
    ssh_server.restart()
    line = f"@cert-authority *.example.org {authority.export_public_key().decode()}"
    (ssh_server.folder / "authorities").write_text(line)
    ssh_server.configure("signed", "HostKeyAlias signed.example.org", known_hosts="authorities")
    host = SshHost("signed", config=ssh_server.config)
    assert (await host.run(["echo", "in"])).stdout == "in\n"
    await host.close()
    ssh_server.configure("other", "HostKeyAlias other.elsewhere.org", known_hosts="authorities")
    person = Person()
    assert "The key of other is not known here" in await refusal(ssh_server, "other", person)
    assert len(person.keys) == 1


async def test_a_revoked_key_is_never_trusted_nor_asked_about(ssh_server: Server) -> None:
    public = (ssh_server.folder / "host_key.pub").read_text()
    (ssh_server.folder / "revoked").write_text(f"@revoked * {public}")
    ssh_server.configure("revoked", known_hosts="revoked")
    person = Person(trusts=True)
    assert "cannot be trusted" in await refusal(ssh_server, "revoked", person)
    assert person.keys == []
