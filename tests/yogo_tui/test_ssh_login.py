"""Logging in to a real SSH server: by what is asked of a person, by keys, and through other hosts."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import asyncssh
import pytest

from tests.bad_line import Line
from tests.ssh_server import CannotMakeUser, FarUser, Server, far_user
from tests.yogo_tui.answering import Person, refusal, says
from yogo_tui.errors import HostError
from yogo_tui.hosts.ssh import SshHost


@pytest.fixture
def user(ssh_server: Server) -> Iterator[FarUser]:
    """An account with a password, on a server that asks for one."""
    ssh_server.set("PasswordAuthentication yes", "PubkeyAuthentication no")
    ssh_server.restart()
    try:
        with far_user() as user:
            ssh_server.configure("secret", f"User {user.name}")
            yield user
    except CannotMakeUser as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("is_hashed", [False, True])
async def test_an_unknown_key_is_accepted_by_hand_and_written_down(ssh_server: Server, is_hashed: bool) -> None:
    file = ssh_server.folder / "new" / "known"
    ssh_server.configure("stranger", f"HashKnownHosts {'yes' if is_hashed else 'no'}", known_hosts="new/known")
    person = Person(trusts=True)
    await says(SshHost("stranger", config=ssh_server.config, asker=person))
    (key,) = person.keys
    assert (key.host, key.address) == ("stranger", f"[127.0.0.1]:{ssh_server.port}")
    assert (key.kind, key.fingerprint) == ("ssh-ed25519", ssh_server.fingerprint)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().startswith("|1|" if is_hashed else f"[127.0.0.1]:{ssh_server.port} ssh-ed25519 ")
    # ssh itself takes it, and nobody is asked again.
    ssh = ["ssh", "-F", str(ssh_server.config), "-o", "BatchMode=yes", "stranger", "echo in"]
    assert subprocess.run(ssh, capture_output=True, text=True, check=True).stdout == "in\n"
    await says(SshHost("stranger", config=ssh_server.config, asker=person))
    assert len(person.keys) == 1


async def test_an_accepted_key_is_added_behind_a_line_without_an_end(ssh_server: Server) -> None:
    file = ssh_server.folder / "torn"
    file.write_text("other ssh-ed25519 AAAA")
    ssh_server.configure("stranger", known_hosts="torn")
    await says(SshHost("stranger", config=ssh_server.config, asker=Person(trusts=True)))
    assert file.read_text().splitlines()[0] == "other ssh-ed25519 AAAA"
    assert len(file.read_text().splitlines()) == 2


@pytest.mark.parametrize("strict", ["no", "off", "accept-new", "ask"])
async def test_a_key_that_is_not_accepted_is_not_trusted_whatever_the_configuration_says(
    ssh_server: Server, strict: str
) -> None:
    ssh_server.configure("stranger", f"StrictHostKeyChecking {strict}", known_hosts="none")
    person = Person()
    host = SshHost("stranger", config=ssh_server.config, asker=person)
    assert ssh_server.fingerprint in await refusal(host)
    assert len(person.keys) == 1
    assert not (ssh_server.folder / "none").exists()


async def test_nobody_is_asked_about_a_key_where_the_configuration_forbids_it(ssh_server: Server) -> None:
    ssh_server.configure("stranger", "StrictHostKeyChecking yes", known_hosts="none")
    person = Person(trusts=True)
    host = SshHost("stranger", config=ssh_server.config, asker=person)
    assert "is not known here" in await refusal(host)
    assert person.keys == []


async def test_a_changed_key_is_never_offered_for_acceptance(ssh_server: Server) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    (ssh_server.folder / "before").write_text(f"[127.0.0.1]:{ssh_server.port} {other}")
    ssh_server.configure("changed", "StrictHostKeyChecking no", known_hosts="before")
    person = Person(["secret"], trusts=True)
    host = SshHost("changed", config=ssh_server.config, asker=person)
    assert "HAS CHANGED" in await refusal(host)
    assert (person.keys, person.questions) == ([], [])


async def test_what_was_refused_is_not_asked_again_before_a_person_wants_it(ssh_server: Server) -> None:
    ssh_server.configure("stranger", known_hosts="none")
    person = Person()
    host = SshHost("stranger", config=ssh_server.config, asker=person)
    told = {await refusal(host) for _ in range(3)}
    assert len(told) == len(person.keys) == 1
    with pytest.raises(HostError):
        await host.connect()
    assert len(person.keys) == 2


async def test_many_calls_at_once_ask_once(ssh_server: Server) -> None:
    ssh_server.configure("stranger", known_hosts="none")
    person = Person(trusts=True)
    host = SshHost("stranger", config=ssh_server.config, asker=person)
    await asyncio.gather(*(host.run(["true"]) for _ in range(8)))
    assert len(person.keys) == 1
    await host.close()


async def test_a_password_is_asked_for_once_a_connection(ssh_server: Server, user: FarUser) -> None:
    person = Person([user.password])
    host = SshHost("secret", config=ssh_server.config, asker=person)
    assert (await host.run(["id", "-un"])).stdout == f"{user.name}\n"
    await says(host)
    (question,) = person.questions
    (prompt,) = question.prompts
    assert (prompt.text, prompt.is_shown) == (f"Password of {user.name} on secret: ", False)


async def test_a_banner_is_told_with_the_first_question_and_with_a_refusal(ssh_server: Server, user: FarUser) -> None:
    (ssh_server.folder / "banner").write_text("Down for repairs\x1b[2J on Monday.\n\n" + "No trespassing.\n" * 30)
    ssh_server.set(f"Banner {ssh_server.folder}/banner")
    ssh_server.restart()
    person = Person(["wrong"], [user.password])
    await says(SshHost("secret", config=ssh_server.config, asker=person))
    first, second = (question.text for question in person.questions)
    assert first.startswith("Down for repairs")
    assert "\x1b" not in first
    assert first.count("\n") < 8, "the prompt stays on the screen"
    assert "repairs" not in second
    assert "It says: Down for repairs" in await refusal(SshHost("secret", config=ssh_server.config))


@pytest.mark.parametrize("has_ticket", [False, True])
async def test_kerberos_is_told_to_be_missing_only_where_it_would_have_helped(
    ssh_server: Server, user: FarUser, monkeypatch: pytest.MonkeyPatch, has_ticket: bool
) -> None:
    ticket = ssh_server.folder / "ticket"
    if has_ticket:
        ticket.touch()
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{ticket}")
    ssh_server.configure("gss", "GSSAPIAuthentication yes", f"User {user.name}", "IdentityFile none")
    assert ("GSSAPIAuthentication" in await refusal(SshHost("gss", config=ssh_server.config))) is has_ticket


async def test_a_wrong_password_is_asked_for_again(ssh_server: Server, user: FarUser) -> None:
    person = Person(["wrong"], [user.password])
    await says(SshHost("secret", config=ssh_server.config, asker=person))
    assert len(person.questions) == 2


async def test_wrong_passwords_are_refused_in_the_end_and_appear_nowhere(
    ssh_server: Server, user: FarUser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    person = Person(*[["hunter2-wrong"]] * 9)
    told = await refusal(SshHost("secret", config=ssh_server.config, asker=person))
    assert "secret refused the login" in told
    assert len(person.questions) == 3
    assert "hunter2" not in told + caplog.text


async def test_a_person_can_leave_the_login(ssh_server: Server, user: FarUser) -> None:
    person = Person(None)
    host = SshHost("secret", config=ssh_server.config, asker=person)
    assert "cancelled" in await refusal(host)
    assert "cancelled" in await refusal(host)
    assert len(person.questions) == 1


async def test_a_new_connection_says_why_it_asks_again(
    ssh_server: Server, user: FarUser, line: Line, until: Any
) -> None:
    ssh_server.configure("shaky", f"User {user.name}", "HostKeyAlias far", port=line.port, known_hosts="known_far")
    person = Person([user.password], [user.password])
    host = SshHost("shaky", config=ssh_server.config, asker=person)
    await host.run(["true"])
    line.cut()
    await until(lambda: line.num_open == 0, what="the cut")
    await says(host)
    assert [question.text for question in person.questions] == [
        "",
        "The connection to shaky was lost, and a new one asks again.",
    ]


async def test_a_server_that_asks_by_pam_is_answered(ssh_server: Server, user: FarUser) -> None:
    asks = ("UsePAM yes", "KbdInteractiveAuthentication yes", "PasswordAuthentication no")
    ssh_server.set(*asks, "AuthenticationMethods keyboard-interactive")
    ssh_server.restart()
    person = Person(["wrong"], [user.password])
    await says(SshHost("secret", config=ssh_server.config, asker=person))
    assert [[one.is_shown for one in question.prompts] for question in person.questions] == [[False], [False]]


async def test_a_server_that_wants_a_key_and_then_a_password_gets_both(ssh_server: Server, user: FarUser) -> None:
    shutil.copy(ssh_server.folder / "user_key.pub", user.home / ".ssh" / "authorized_keys")
    (user.home / ".ssh" / "authorized_keys").chmod(0o644)
    ssh_server.set("PubkeyAuthentication yes", "AuthenticationMethods publickey,password")
    ssh_server.restart()
    person = Person([user.password])
    await says(SshHost("secret", config=ssh_server.config, asker=person))
    assert len(person.questions) == 1


class TwoFactors(asyncssh.SSHServer):
    """Asks for a password and, in a second step, for two things at once, one of which may be seen."""

    def begin_auth(self, username: str) -> bool:
        return True

    def kbdint_auth_supported(self) -> bool:
        return True

    def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> Any:
        self.step = 0
        return "First", "Welcome\x1b[2J to \x07it", "", [("Password: ", False)]

    def validate_kbdint_response(self, username: str, responses: Any) -> Any:
        self.step += 1
        if self.step == 1:
            return ("", "", "", [("Code: ", True), ("PIN: ", False)]) if responses == ["pass"] else False
        return responses == ["123456", "42"]


RUNNING: list[Any] = []


async def run(process: asyncssh.SSHServerProcess[bytes]) -> None:
    """Runs the command of a session as sshd does."""
    assert process.command is not None
    RUNNING.append(asyncio.current_task())
    pipe = asyncio.subprocess.PIPE
    shell = await asyncio.create_subprocess_shell(process.command, stdin=pipe, stdout=pipe, stderr=pipe)
    assert shell.stdin is not None
    assert shell.stdout is not None
    assert shell.stderr is not None

    async def tell(source: asyncio.StreamReader, target: asyncssh.SSHWriter[bytes]) -> None:
        with contextlib.suppress(BrokenPipeError):  # whoever asked may have left
            while data := await source.read(65536):
                target.write(data)

    telling = [asyncio.create_task(tell(shell.stdout, process.stdout))]
    telling.append(asyncio.create_task(tell(shell.stderr, process.stderr)))
    with contextlib.suppress(asyncssh.ConnectionLost):
        while data := await process.stdin.read(65536):
            shell.stdin.write(data)
    shell.stdin.close()
    await asyncio.gather(*telling)
    process.exit(await shell.wait())


async def test_two_factors_are_asked_for_in_order_with_what_the_server_says(ssh_server: Server) -> None:
    key = str(ssh_server.folder / "host_key")
    server = await asyncssh.create_server(
        TwoFactors, "127.0.0.1", 0, server_host_keys=[key], process_factory=run, encoding=None
    )
    port = server.get_port()
    public = (ssh_server.folder / "host_key.pub").read_text()
    (ssh_server.folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}")
    ssh_server.configure("factors", port=port)
    person = Person(["pass"], ["123456", "42"])
    await says(SshHost("factors", config=ssh_server.config, asker=person))
    server.close()
    await server.wait_closed()
    await asyncio.gather(*RUNNING)
    first, second = person.questions
    assert first.text == "First\nWelcome\\x1b[2J to \\x07it"
    assert [(one.text, one.is_shown) for one in second.prompts] == [("Code: ", True), ("PIN: ", False)]


def lock(server: Server, passphrase: str) -> None:
    key = asyncssh.read_private_key(server.folder / "user_key")
    key.write_private_key(server.folder / "user_key", passphrase=passphrase)
    (server.folder / "user_key").chmod(0o600)


async def test_the_passphrase_of_a_key_is_asked_for(ssh_server: Server) -> None:
    lock(ssh_server, "open sesame")
    person = Person(["wrong"], ["open sesame"])
    await says(SshHost("login", config=ssh_server.config, asker=person))
    assert [one.prompts[0].text for one in person.questions] == [f"Passphrase of {ssh_server.folder}/user_key: "] * 2


async def test_a_key_that_an_agent_holds_needs_no_passphrase(
    ssh_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = ssh_server.folder / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    try:
        while not socket.exists():
            await asyncio.sleep(0.02)
        key = str(ssh_server.folder / "user_key")
        subprocess.run(["ssh-add", "-q", key], env=os.environ | {"SSH_AUTH_SOCK": str(socket)}, check=True)
        lock(ssh_server, "open sesame")
        ssh_server.configure("agent", f"IdentityAgent {socket}")
        person = Person()
        await says(SshHost("agent", config=ssh_server.config, asker=person))
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        await says(SshHost("login", config=ssh_server.config, asker=person))
        assert person.questions == []
        ssh_server.configure("alone", "IdentityAgent none")
        assert "cancelled" in await refusal(SshHost("alone", config=ssh_server.config, asker=person))
    finally:
        agent.kill()
        agent.wait()
