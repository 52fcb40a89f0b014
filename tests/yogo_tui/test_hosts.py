"""Hosts: this machine, and one behind a real SSH server on the loopback. Both do the same."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path, PurePosixPath
from typing import Any

import asyncssh
import pytest

from tests.ssh_server import Server
from tests.yogo_tui.local.local_bench import is_gone
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Host
from yogo_tui.hosts.here import HereHost
from yogo_tui.hosts.ssh import SshHost

BOTH = (False, True)
"""Whether a command only looks, which makes no difference to what it sees and says."""


async def test_a_command_gives_its_status_and_both_outputs(host: Host) -> None:
    for only_looks in BOTH:
        done = await host.run(["sh", "-c", "printf out; printf err >&2; exit 3"], only_looks=only_looks)
        assert (done.status, done.stdout, done.stderr) == (3, "out", "err")


async def test_no_word_of_a_command_reaches_a_shell(host: Host) -> None:
    words = ["a b", "$HOME", "`id`", "'", '"', ";", "*", "\n", "--", "ü", ""]
    for only_looks in BOTH:
        done = await host.run(["printf", "%s\\0", *words], only_looks=only_looks)
        assert done.stdout.split("\0")[:-1] == words


@pytest.mark.parametrize("text", ["line\nZürich", "'$(id)'\n\n", ""])
async def test_a_command_reads_its_input(host: Host, text: str) -> None:
    for only_looks in BOTH:
        assert (await host.run(["cat"], stdin=text, only_looks=only_looks)).stdout == text
        assert (await host.run(["true"], stdin=text * 9999, only_looks=only_looks)).status == 0, "nor need it"


async def test_output_that_is_no_utf8_is_shown_as_far_as_it_goes(host: Host) -> None:
    for only_looks in BOTH:
        assert (await host.run(["printf", r"a\377b"], only_looks=only_looks)).stdout == "a�b"


async def test_variables_are_set_and_removed_for_one_command(host: Host) -> None:
    env, say = {"YOGO_ONE": "two words", "HOME": ""}, ["sh", "-c", 'echo "$YOGO_ONE/${HOME-none}"']
    for only_looks in BOTH:
        assert (await host.run(say, env=env, only_looks=only_looks)).stdout == "two words/none\n"
        assert (await host.run(say, only_looks=only_looks)).stdout.startswith("//")


async def test_a_command_runs_in_a_folder(host: Host, tmp_path: Path) -> None:
    folder = PurePosixPath(tmp_path / "a 'b'")
    for only_looks in BOTH:
        with pytest.raises(HostError, match=r"^sh cannot be run on .*: there is no folder .*/a 'b'\.$"):
            await host.run(["sh", "-c", "pwd"], folder=folder, only_looks=only_looks)
    Path(folder).mkdir()
    for only_looks in BOTH:
        done = await host.run(["sh", "-c", 'pwd -P; echo "$PWD"'], folder=folder, only_looks=only_looks)
        assert done.stdout == f"{folder}\n" * 2


async def test_a_command_that_does_not_exist_is_told_in_a_sentence(host: Host) -> None:
    for only_looks in BOTH:
        with pytest.raises(HostError, match=r"no-such-program cannot be run on .*\.$"):
            await host.run(["no-such-program"], only_looks=only_looks)


async def test_a_command_without_an_answer_is_given_up(host: Host) -> None:
    for only_looks in BOTH:
        with pytest.raises(HostError, match=r"sleep gave no answer.* within 0.2 s"):
            await host.run(["sleep", "60"], timeout_seconds=0.2, only_looks=only_looks)
        assert (await host.run(["echo", "still here"], only_looks=only_looks)).stdout == "still here\n"


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
    (folder / "in circles").symlink_to("in circles")
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
    file, seconds = tmp_path / "pid", 0.25
    words = ["sh", "-c", f"sh -c 'echo $$ > {file}; exec sleep 60' & wait"]
    while not (file.exists() and file.read_text()):  # on a busy machine it may not have begun by then
        seconds *= 2
        with pytest.raises(HostError):
            await HereHost().run(words, timeout_seconds=seconds)
    child = int(file.read_text())
    await until(lambda: is_gone(child), what="the child to end")


async def test_a_call_left_early_ends_its_command(tmp_path: Path, until: Any) -> None:
    file = tmp_path / "pid"
    call = asyncio.create_task(HereHost().run(["sh", "-c", f"echo $$ > {file}; exec sleep 60"]))
    await until(lambda: file.exists() and file.read_text().strip())
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    with pytest.raises(ProcessLookupError):
        os.kill(int(file.read_text()), 0)


async def test_a_lost_connection_is_told_and_the_next_call_makes_a_new_one(ssh_server: Server, until: Any) -> None:
    host = SshHost("login", config=ssh_server.config)
    call = asyncio.create_task(host.run(["sh", "-c", f"touch {ssh_server.folder}/began; exec sleep 60"]))
    await until((ssh_server.folder / "began").exists, what="the command to begin")
    ssh_server.kill()
    with pytest.raises(HostError, match=r"connection to login was lost"):
        await call
    with pytest.raises(HostError, match=r"login cannot be reached"):
        await host.run(["true"])
    ssh_server.start()
    assert (await host.run(["echo", "back"])).stdout == "back\n"
    await host.close()


async def test_a_connection_lost_while_nothing_ran_is_made_anew(ssh_server: Server, until: Any) -> None:
    host = SshHost("login", config=ssh_server.config)
    await host.read(PurePosixPath(ssh_server.config))
    ssh_server.kill()
    ssh_server.start()
    answered = await until(lambda: _read_or_error(host, ssh_server.config), what="the host to answer again")
    assert answered == ssh_server.config.read_bytes()
    await host.close()


async def _read_or_error(host: Host, path: Path) -> bytes:
    try:
        return (await host.read(PurePosixPath(path))).data
    except HostError:
        return b""


async def test_an_unknown_host_key_is_refused_and_nothing_is_written(ssh_server: Server) -> None:
    (ssh_server.folder / "empty").touch()
    ssh_server.configure("stranger", known_hosts="empty")
    host = SshHost("stranger", config=ssh_server.config)
    with pytest.raises(HostError, match=r"key of stranger is not known.*`ssh stranger`"):
        await host.run(["true"])
    assert (ssh_server.folder / "empty").read_bytes() == b""


async def test_a_refused_login_is_told_in_a_sentence(ssh_server: Server) -> None:
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(ssh_server.folder / "other_key")
    ssh_server.configure("refused", key="other_key")
    with pytest.raises(HostError, match=r"refused refused the login"):
        await SshHost("refused", config=ssh_server.config).run(["true"])


async def test_many_calls_at_once_share_one_connection(ssh_server: Server) -> None:
    host = SshHost("login", config=ssh_server.config)
    calls = (host.run(["sh", "-c", "echo $SSH_CONNECTION"]) for _ in range(5))
    assert len({done.stdout for done in await asyncio.gather(*calls)}) == 1
    await host.close()
