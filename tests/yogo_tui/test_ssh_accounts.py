"""Accounts of every kind: with another shell, with start-up files that print or change things, with banners."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import PurePosixPath

import pytest

from tests.slurm.daemons import PATH
from tests.ssh_server import CannotMakeUser, FarUser, Server, far_user
from yogo_tui.errors import HostError
from yogo_tui.hosts.ssh import SshHost

Accounts = Callable[[str], tuple[FarUser, SshHost]]


@pytest.fixture
def account(ssh_server: Server) -> Iterator[Accounts]:
    """Makes an account with a login shell of that name, and the way to it."""
    with ExitStack() as stack:

        def make(shell: str) -> tuple[FarUser, SshHost]:
            path = shutil.which(shell, path=PATH)
            if path is None:
                pytest.skip(f"needs {shell}: run tests/slurm/install.sh as root, or with sudo")
            try:
                user = stack.enter_context(far_user(path, ssh_server.folder / "user_key.pub"))
            except CannotMakeUser as error:
                pytest.skip(str(error))
            ssh_server.configure(user.name, f"User {user.name}")
            return user, SshHost(user.name, config=ssh_server.config)

        yield make


WORDS = ["a b", "$HOME", "`id`", "'", '"', ";", "*", "\n", "--", "ü", "", "!!", "\\", "!x", "~", "%s", "{a,b}"]


async def works(user: FarUser, host: SshHost) -> None:
    """Everything that a host does."""
    try:
        done = await host.run(["printf", "%s\\0", *WORDS], env={"YOGO": "two words!"})
        assert done.stdout.split("\0")[:-1] == WORDS
        assert done.stderr == ""
        both = await host.run(["sh", "-c", 'cat; echo "$YOGO" >&2; exit 3'], stdin="in", env={"YOGO": "it's !1"})
        assert (both.status, both.stdout, both.stderr) == (3, "in", "it's !1\n")
        file = PurePosixPath(user.home) / "folder" / "it's a file!"
        await host.write(file, bytes(range(256)))
        assert (await host.read(file, offset=1)).data == bytes(range(1, 256))
        (entry,) = await host.list(file.parent)
        assert (entry.name, entry.size, entry.is_mine) == (file.name, 256, True)
    finally:
        await host.close()


@pytest.mark.parametrize("shell", ["sh", "bash", "fish", "csh", "tcsh"])
async def test_any_login_shell_will_do(account: Accounts, shell: str) -> None:
    await works(*account(shell))


NOISE = 'echo "welcome to this machine"; echo "your quota is low" >&2'
START_FILES = [
    ("bash", ".bashrc", f"{NOISE}; alias sh=false head=false printf=false; set -e"),
    ("bash", ".bashrc", "exec 3>&1; trap 'echo bye' EXIT; head() { echo mine; }; export -f head; cd /"),
    ("fish", ".config/fish/config.fish", f"{NOISE}; function sh; echo mine; end"),
    ("csh", ".cshrc", 'echo "welcome !"; alias sh false; set noclobber'),
]


@pytest.mark.parametrize(("shell", "file", "text"), START_FILES)
async def test_start_up_files_that_print_or_change_things_do_no_harm(
    account: Accounts, shell: str, file: str, text: str
) -> None:
    user, host = account(shell)
    path = user.home / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")
    await works(user, host)


async def test_what_appears_between_two_looks_is_read(account: Accounts) -> None:
    """A job that starts makes its log at any moment, between the look that finds none and the one that says why."""
    user, host = account("bash")
    (user.home / "bin").mkdir()
    for program, act in (("head", "echo written >"), ("ls", "mkdir -p")):
        wrapper = user.home / "bin" / program
        wrapper.write_text(f'#!/bin/sh\nfor last; do :; done\n{act} "$last"\nexec /usr/bin/{program} "$@"\n')
        wrapper.chmod(0o755)
    (user.home / ".bashrc").write_text(f"PATH={user.home}/bin:$PATH\n")
    home = PurePosixPath(user.home)
    try:
        assert (await host.read(home / "job.log")).data == b"written\n"
        assert await host.list(home / "folder") == ()
    finally:
        await host.close()


async def test_a_banner_does_no_harm(ssh_server: Server, account: Accounts) -> None:
    (ssh_server.folder / "banner").write_text("No trespassing.\n" * 30)
    ssh_server.set(f"Banner {ssh_server.folder}/banner")
    ssh_server.restart()
    await works(*account("bash"))


async def test_a_server_without_a_file_service_will_do(ssh_server: Server, account: Accounts) -> None:
    file = ssh_server.folder / "sshd_config"
    file.write_text("".join(line for line in file.read_text().splitlines(True) if "Subsystem" not in line))
    ssh_server.restart()
    await works(*account("bash"))


async def test_an_account_that_runs_no_commands_is_told_with_what_it_says(account: Accounts) -> None:
    _, host = account("nologin")
    with pytest.raises(HostError, match=r"runs no commands\. It says: This account is currently not available\.$"):
        await host.run(["true"])
    await host.close()


async def test_what_this_user_may_not_read_is_told_in_a_sentence(account: Accounts) -> None:
    user, host = account("bash")
    for name in ("secret", "closed"):
        (user.home / name).mkdir()
    (user.home / "secret" / "file").write_text("x")
    (user.home / "secret" / "file").chmod(0o600)
    (user.home / "closed").chmod(0o700)
    home = PurePosixPath(user.home)
    with pytest.raises(HostError, match=r"secret/file cannot be read: Permission denied\.$"):
        await host.read(home / "secret" / "file")
    with pytest.raises(HostError, match=r"closed cannot be listed: Permission denied\.$"):
        await host.list(home / "closed")
    with pytest.raises(HostError, match=r"closed/file cannot be read: Permission denied\.$"):
        await host.read(home / "closed" / "file")
    with pytest.raises(HostError, match=r"secret/new cannot be written: Permission denied\.$"):
        await host.write(home / "secret" / "new", b"x")
    assert {entry.name: entry.is_mine for entry in await host.list(home)} == {
        ".ssh": True,
        "closed": False,
        "secret": False,
    }
    await host.close()
