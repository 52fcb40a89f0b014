"""Hosts: this machine, and one behind a real SSH server on the loopback. Both do the same."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import asyncssh
import pytest

from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Host
from yogo_tui.hosts.here import HereHost
from yogo_tui.hosts.ssh import SshHost


@dataclass
class Server:
    """A real sshd, with keys of its own; `config` is the user's SSH configuration for it."""

    sshd: str
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def config(self) -> Path:
        return self.folder / "config"

    def prepare(self) -> None:
        for name in ("host_key", "user_key"):
            key = asyncssh.generate_private_key("ssh-ed25519")
            key.write_private_key(self.folder / name)
            key.write_public_key(self.folder / f"{name}.pub")
            (self.folder / name).chmod(0o600)
        public = (self.folder / "host_key.pub").read_text()
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {public}")
        (self.folder / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.folder}/host_key\nStrictModes no\n"
            f"AuthorizedKeysFile {self.folder}/user_key.pub\nPermitRootLogin yes\nUsePAM no\n"
            f"PasswordAuthentication no\nPidFile none\nSubsystem sftp internal-sftp\n"
        )
        self.configure("login")

    def configure(self, alias: str, known_hosts: str = "known_hosts", key: str = "user_key") -> None:
        with self.config.open("a") as config:
            config.write(
                f"Host {alias}\n  HostName 127.0.0.1\n  Port {self.port}\n  IdentityFile {self.folder}/{key}\n"
                f"  IdentitiesOnly yes\n  UserKnownHostsFile {self.folder}/{known_hosts}\n"
            )

    def start(self) -> None:
        command = [self.sshd, "-D", "-e", "-f", str(self.folder / "sshd_config")]
        with (self.folder / "sshd.log").open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 20.0
        while not self.answers():
            assert time.monotonic() < deadline, (self.folder / "sshd.log").read_text()
            time.sleep(0.02)

    def answers(self) -> bool:
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        """The server and every connection to it."""
        if self.process is not None:
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
            for child in children.split():
                os.kill(int(child), signal.SIGKILL)
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def server(sshd: str, tmp_path: Path) -> Iterator[Server]:
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd insists on it for its privilege separation
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "ssh").mkdir()
    server = Server(sshd, tmp_path / "ssh", port)
    server.prepare()
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture(params=["here", "ssh"])
async def host(request: pytest.FixtureRequest) -> AsyncIterator[Host]:
    if request.param == "here":
        yield HereHost()
        return
    server: Server = request.getfixturevalue("server")
    host = SshHost("login", config=server.config)
    yield host
    await host.close()


async def test_a_command_gives_its_status_and_both_outputs(host: Host) -> None:
    done = await host.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (done.status, done.stdout, done.stderr) == (3, "out\n", "err\n")


async def test_no_word_of_a_command_reaches_a_shell(host: Host) -> None:
    words = ["a b", "$HOME", "`id`", "'", '"', ";", "*", "\n", "--", "ü", ""]
    done = await host.run(["printf", "%s\\0", *words])
    assert done.stdout.split("\0")[:-1] == words


async def test_a_command_reads_its_input(host: Host) -> None:
    assert (await host.run(["cat"], stdin="line\nZürich")).stdout == "line\nZürich"


async def test_output_that_is_no_utf8_is_shown_as_far_as_it_goes(host: Host) -> None:
    assert (await host.run(["printf", r"a\377b"])).stdout == "a�b"


async def test_variables_are_set_and_removed(host: Host) -> None:
    env = {"YOGO_ONE": "two words", "HOME": ""}
    assert (await host.run(["sh", "-c", 'echo "$YOGO_ONE/${HOME-none}"'], env=env)).stdout == "two words/none\n"


async def test_a_command_that_does_not_exist_is_told_in_a_sentence(host: Host) -> None:
    with pytest.raises(HostError, match=r"no-such-program cannot be run on .*\.$"):
        await host.run(["no-such-program"])


async def test_a_command_without_an_answer_is_given_up(host: Host) -> None:
    with pytest.raises(HostError, match=r"sleep gave no answer.* within 0.2 s"):
        await host.run(["sleep", "60"], timeout_seconds=0.2)
    assert (await host.run(["echo", "still here"])).stdout == "still here\n"


async def test_a_piece_of_a_file_is_read_from_any_offset(host: Host, tmp_path: Path) -> None:
    path = PurePosixPath(tmp_path / "log")
    Path(path).write_bytes(b"0123456789")
    piece = await host.read(path, offset=3, limit=4)
    assert (piece.data, piece.size) == (b"3456", 10)
    assert (await host.read(path, offset=10)).data == b""
    assert (await host.read(path, offset=99)).size == 10
    with Path(path).open("ab") as log:
        log.write(b"more")
    assert (await host.read(path, offset=10)).data == b"more"


async def test_a_piece_of_several_megabytes_comes_whole(host: Host, tmp_path: Path) -> None:
    data = os.urandom(1 << 20) * 5
    (tmp_path / "big").write_bytes(data)
    assert (await host.read(PurePosixPath(tmp_path / "big"), offset=1, limit=len(data))).data == data[1:]


async def test_a_missing_file_or_folder_is_told_apart_from_a_lost_host(host: Host, tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path / "none" / "deeper"):
        with pytest.raises(FileNotFoundError):
            await host.read(PurePosixPath(path))
        with pytest.raises(FileNotFoundError):
            await host.list(PurePosixPath(path))


async def test_a_folder_read_as_a_file_is_an_error_in_a_sentence(host: Host, tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"\.$"):
        await host.read(PurePosixPath(tmp_path))


async def test_a_folder_lists_what_lies_in_it_and_follows_links(host: Host, tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    (folder / "inner").mkdir(parents=True)
    (folder / "a file").write_bytes(b"12345")
    (folder / "link").symlink_to("inner")
    (folder / "dangling").symlink_to("nowhere")
    entries = await host.list(PurePosixPath(folder))
    assert [(entry.name, entry.is_folder) for entry in entries] == [("a file", False), ("inner", True), ("link", True)]
    assert entries[0].size == 5
    assert entries[0].modified == pytest.approx((folder / "a file").stat().st_mtime, abs=1)


async def test_a_file_is_replaced_at_once_and_leaves_nothing_beside_it(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "made" / "on the way" / "job.sbatch"
    await host.write(PurePosixPath(path), b"old")
    with path.open("rb") as held:
        await host.write(PurePosixPath(path), b"new")
        assert held.read() == b"old"
    assert path.read_bytes() == b"new"
    assert [one.name for one in path.parent.iterdir()] == ["job.sbatch"]


async def test_a_file_that_cannot_be_written_is_told_in_a_sentence(host: Host, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HostError, match=r"file.*\.$"):
        await host.write(PurePosixPath(tmp_path / "file" / "below"), b"x")


async def test_a_command_given_up_ends_with_all_its_children(tmp_path: Path, until: Any) -> None:
    file = tmp_path / "pid"
    with pytest.raises(HostError):
        await HereHost().run(["sh", "-c", f"sh -c 'echo $$ > {file}; exec sleep 60' & wait"], timeout_seconds=0.5)
    child = Path(f"/proc/{file.read_text().strip()}/stat")
    await until(lambda: not child.exists() or " Z " in child.read_text(), what="the child to end")


async def test_a_call_left_early_ends_its_command(tmp_path: Path, until: Any) -> None:
    file = tmp_path / "pid"
    call = asyncio.create_task(HereHost().run(["sh", "-c", f"echo $$ > {file}; exec sleep 60"]))
    await until(lambda: file.exists() and file.read_text().strip())
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    with pytest.raises(ProcessLookupError):
        os.kill(int(file.read_text()), 0)


async def test_a_lost_connection_is_told_and_the_next_call_makes_a_new_one(server: Server, until: Any) -> None:
    host = SshHost("login", config=server.config)
    call = asyncio.create_task(host.run(["sh", "-c", f"touch {server.folder}/began; exec sleep 60"]))
    await until((server.folder / "began").exists, what="the command to begin")
    server.kill()
    with pytest.raises(HostError, match=r"connection to login was lost"):
        await call
    with pytest.raises(HostError, match=r"login cannot be reached"):
        await host.run(["true"])
    server.start()
    assert (await host.run(["echo", "back"])).stdout == "back\n"
    await host.close()


async def test_a_connection_lost_while_nothing_ran_is_not_noticed_by_the_next_call(server: Server, until: Any) -> None:
    host = SshHost("login", config=server.config)
    await host.read(PurePosixPath(server.config))
    server.kill()
    server.start()
    answered = await until(lambda: _read_or_error(host, server.config), what="the host to answer again")
    assert answered == server.config.read_bytes()
    await host.close()


async def _read_or_error(host: Host, path: Path) -> bytes:
    try:
        return (await host.read(PurePosixPath(path))).data
    except HostError:
        return b""


async def test_an_unknown_host_key_is_refused_and_nothing_is_written(server: Server) -> None:
    (server.folder / "empty").touch()
    server.configure("stranger", known_hosts="empty")
    host = SshHost("stranger", config=server.config)
    with pytest.raises(HostError, match=r"key of stranger is not known.*`ssh stranger`"):
        await host.run(["true"])
    assert (server.folder / "empty").read_bytes() == b""


async def test_a_refused_login_is_told_in_a_sentence(server: Server) -> None:
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(server.folder / "other_key")
    server.configure("refused", key="other_key")
    with pytest.raises(HostError, match=r"refused did not let us in"):
        await SshHost("refused", config=server.config).run(["true"])


async def test_many_calls_at_once_share_one_connection(server: Server) -> None:
    host = SshHost("login", config=server.config)
    calls = (host.run(["sh", "-c", "echo $SSH_CONNECTION"]) for _ in range(5))
    assert len({done.stdout for done in await asyncio.gather(*calls)}) == 1
    await host.close()
