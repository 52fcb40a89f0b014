"""The way to a real SSH server: certificates, other hosts on the way, and connections that ssh holds open."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from typing import Any

import asyncssh
import pytest

from tests.ports import free_port
from tests.ssh_server import Server
from tests.yogo_tui.answering import Person, refusal, says
from tests.yogo_tui.local.local_bench import is_gone
from yogo_tui.errors import HostError
from yogo_tui.hosts.ssh import SshHost


@pytest.mark.parametrize("is_named", [False, True])
async def test_a_certificate_lets_in(ssh_server: Server, is_named: bool) -> None:
    authority = asyncssh.generate_private_key("ssh-ed25519")
    authority.write_public_key(ssh_server.folder / "authority.pub")
    own = asyncssh.generate_private_key("ssh-ed25519")
    own.write_private_key(ssh_server.folder / "signed")
    (ssh_server.folder / "signed").chmod(0o600)
    name = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    certificate = authority.generate_user_certificate(own, "test", principals=[name])
    file = ssh_server.folder / ("elsewhere.pub" if is_named else "signed-cert.pub")
    certificate.write_certificate(file)
    ssh_server.set(f"TrustedUserCAKeys {ssh_server.folder}/authority.pub")
    ssh_server.restart()
    ssh_server.configure("certified", *([f"CertificateFile {file}"] if is_named else []), key="signed")
    await says(SshHost("certified", config=ssh_server.config))


async def test_a_host_behind_two_others_is_reached_and_each_key_on_the_way_is_asked_about(
    ssh_server: Server,
) -> None:
    ssh_server.configure("gate", known_hosts="known_gate")
    ssh_server.configure("lock", "HostKeyAlias lock", known_hosts="known_gate")
    ssh_server.configure("inner", "ProxyJump gate,lock", "HostKeyAlias inner", known_hosts="known_inner")
    person = Person(trusts=True)
    host = SshHost("inner", config=ssh_server.config, asker=person)
    # Two connections from the server to itself, and one from here.
    peer = (await host.run(["sh", "-c", "echo $SSH_CONNECTION"])).stdout.split()[1]
    await host.close()
    assert peer != ""
    assert [key.host for key in person.keys] == [
        "gate (on the way to inner)",
        "lock (on the way to inner)",
        "inner",
    ]
    assert (ssh_server.folder / "known_inner").read_text().startswith("inner ssh-ed25519 ")
    await says(SshHost("inner", config=ssh_server.config))


async def test_a_refusal_on_the_way_says_where(ssh_server: Server) -> None:
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(ssh_server.folder / "other_key")
    ssh_server.configure("gate", key="other_key")
    ssh_server.configure("inner", "ProxyJump gate")
    told = await refusal(SshHost("inner", config=ssh_server.config))
    assert "gate (on the way to inner) refused the login" in told


async def test_a_jump_host_that_every_host_has_is_not_its_own_jump_host(ssh_server: Server) -> None:
    ssh_server.configure("gate")
    ssh_server.configure("inner")
    with ssh_server.config.open("a") as config:
        config.write("Host *\n  ProxyJump gate\n")
    await says(SshHost("inner", config=ssh_server.config))


async def test_jump_hosts_that_lead_in_a_circle_are_told(ssh_server: Server) -> None:
    ssh_server.configure("one", "ProxyJump two")
    ssh_server.configure("two", "ProxyJump one")
    assert "circle" in await refusal(SshHost("one", config=ssh_server.config))


async def test_a_proxy_command_of_a_shell_connects(ssh_server: Server) -> None:
    relay = ssh_server.folder / "relay.py"
    relay.write_text(
        "import os, socket, sys, threading\n"
        "far = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
        "def out():\n"
        "    while data := far.recv(65536): os.write(1, data)\n"
        "    os._exit(0)\n"
        "threading.Thread(target=out, daemon=True).start()\n"
        "while data := os.read(0, 65536): far.sendall(data)\n"
    )
    command = f"{sys.executable} '{relay}' %h %p 2>/dev/null"
    ssh_server.configure("behind", f"ProxyCommand {command}")
    await says(SshHost("behind", config=ssh_server.config))


async def test_a_configuration_that_cannot_be_read_is_told_with_its_line(ssh_server: Server) -> None:
    with ssh_server.config.open("a") as config:
        config.write("Host x\n  NoSuchKeyword yes\n")
    told = await refusal(SshHost("x", config=ssh_server.config))
    assert "x cannot be looked up in your SSH configuration" in told
    assert "nosuchkeyword; " in told, "and no end of a line of ssh's"
    assert "\\r" not in told


async def test_included_files_conditions_and_tokens_count_as_they_do_for_ssh(ssh_server: Server) -> None:
    folder = ssh_server.folder
    shutil.copy(folder / "user_key", folder / "matched_key")
    (folder / "more").write_text(
        f'Match originalhost matched exec "test -e {folder}/user_key"\n  HostName 127.0.0.1\n  Port {ssh_server.port}\n'
        f"  IdentityFile {folder}/%n_key\n  UserKnownHostsFile {folder}/none {folder}/known_hosts\n"
    )
    ssh_server.config.write_text(f"Include {folder}/more\nHost *\n  Port 1\n")
    await says(SshHost("matched", config=ssh_server.config))


OLD = ("Ciphers aes128-cbc", "MACs hmac-md5", "KexAlgorithms diffie-hellman-group14-sha1")


@pytest.mark.filterwarnings("ignore:Diffie-Hellman over finite fields")
@pytest.mark.parametrize("known_hosts", ["known_hosts", "known_none"])
async def test_an_old_server_is_reached_with_what_the_configuration_allows_for_it(
    ssh_server: Server, known_hosts: str
) -> None:
    key = ssh_server.folder / "rsa_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", key], check=True)
    file = ssh_server.folder / "sshd_config"
    file.write_text(file.read_text().replace(f"{ssh_server.folder}/host_key", str(key)))
    (ssh_server.folder / "known_hosts").write_text(
        f"[127.0.0.1]:{ssh_server.port} {key.with_suffix('.pub').read_text()}"
    )
    ssh_server.set(*OLD, "HostKeyAlgorithms ssh-rsa")
    ssh_server.restart()
    allowed = [line.replace(" ", " +", 1) for line in OLD]
    ssh_server.configure("old", *allowed, "HostKeyAlgorithms +ssh-rsa", known_hosts=known_hosts)
    await says(SshHost("old", config=ssh_server.config, asker=Person(trusts=True)))


async def test_what_the_configuration_allows_and_nothing_here_knows_is_told(ssh_server: Server) -> None:
    ssh_server.configure("odd", "KexAlgorithms sntrup761x25519-sha512@openssh.com")
    error = await refusal(SshHost("odd", config=ssh_server.config))
    assert "KexAlgorithms" in error, error


@pytest.mark.parametrize("allowed", ["ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com", "rsa-sha2-512"])
async def test_a_key_logs_in_as_the_configuration_allows(ssh_server: Server, allowed: str) -> None:
    ssh_server.configure("picky", f"PubkeyAcceptedAlgorithms {allowed}")
    host = SshHost("picky", config=ssh_server.config)
    if allowed.startswith("ssh-ed25519"):
        await says(host)
    else:
        assert "picky refused the login" in await refusal(host)


async def test_a_name_that_looks_like_an_option_is_none(ssh_server: Server) -> None:
    told = await refusal(SshHost("-oProxyCommand=touch x", config=ssh_server.config))
    assert told.endswith(".")


async def test_a_port_that_nobody_listens_at_is_told(ssh_server: Server) -> None:
    ssh_server.configure("closed", port=free_port())
    assert "closed cannot be reached: Connection refused." in await refusal(SshHost("closed", config=ssh_server.config))


async def test_a_connection_that_ssh_holds_open_is_used(ssh_server: Server, until: Any) -> None:
    ssh_server.set("MaxSessions 3")
    ssh_server.restart()
    socket = ssh_server.folder / "cm"
    words = ["ssh", "-F", str(ssh_server.config), "-N", "-M", "-S", str(socket), "login"]
    master = subprocess.Popen(words, stdin=subprocess.DEVNULL)
    try:
        await until(socket.exists, what="ssh to listen")
        # There is no key that lets in, and no known host key: nothing but the open connection can.
        ssh_server.configure("shared", f"ControlPath {socket}", known_hosts="none", key="none")
        host = SshHost("shared", config=ssh_server.config, asker=Person())
        answers = await asyncio.gather(
            *(host.run(["cat"], stdin=f"{one}", only_looks=one % 2 == 0) for one in range(12))
        )
        assert [done.stdout for done in answers] == [str(one) for one in range(12)]
        with pytest.raises(HostError, match="cannot be run on shared"):
            await host.run(["no-such-program"])
        for only_looks in (False, True):
            assert (await host.run(["sh", "-c", "exit 255"], only_looks=only_looks)).status == 255
        pid = ssh_server.folder / "pid"
        call = asyncio.create_task(host.run(["sh", "-c", f"echo $$ > {pid}; exec sleep 300"]))
        await until(lambda: pid.exists() and pid.read_text(), what="the command to run")
        call.cancel()
        assert (await host.run(["echo", "free"])).stdout == "free\n"
        child = int(pid.read_text())
        await until(lambda: is_gone(child), what="the command to end")
        await host.close()
        assert master.poll() is None
    finally:
        master.kill()  # it would miss a milder signal that comes just before it sleeps
        master.wait()
