"""The sessions of one connection to a real SSH server: how many there are, and what becomes of them over a bad line."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.bad_line import Line
from tests.ssh_server import Server
from tests.yogo_tui.local.local_bench import is_gone
from yogo_tui.errors import HostError, HostUnknown
from yogo_tui.hosts.lanes import PATIENCE_SECONDS
from yogo_tui.hosts.ssh import SshHost
from yogo_tui.questions.paths import FindPath


@contextlib.asynccontextmanager
async def reached(server: Server, num_sessions: int) -> AsyncIterator[SshHost]:
    """The server, where it opens so many sessions a connection."""
    server.set(f"MaxSessions {num_sessions}")
    server.restart()
    host = SshHost("login", config=server.config, serve=(sys.executable, "-m", "yogo_tui", "serve"))
    try:
        yield host
    finally:
        await host.close()


@pytest.mark.parametrize("num_sessions", [10, 4, 2, 1])
async def test_more_calls_at_once_than_the_server_has_sessions_are_all_answered(
    ssh_server: Server, tmp_path: Path, num_sessions: int
) -> None:
    (tmp_path / "file").write_text("text")
    async with reached(ssh_server, num_sessions) as host:
        slow = asyncio.create_task(host.run(["sh", "-c", "sleep 1; echo $SSH_CONNECTION"]))
        runs = [host.run(["sh", "-c", "cat; echo $SSH_CONNECTION"], stdin=f"{one} ") for one in range(16)]
        reads = [host.read(PurePosixPath(tmp_path / "file")) for _ in range(16)]
        writes = [host.write(PurePosixPath(tmp_path / f"new{one}"), b"new") for one in range(4)]
        answers, pieces, _ = await asyncio.gather(
            asyncio.gather(*runs), asyncio.gather(*reads), asyncio.gather(*writes)
        )
        assert [done.stdout.split()[0] for done in answers] == [str(one) for one in range(16)]
        assert {piece.data for piece in pieces} == {b"text"}
        assert {file.read_text() for file in tmp_path.glob("new*")} == {"new"}
        # One connection for all, and it was not lost on the way.
        assert len({done.stdout.split()[2] for done in answers} | {(await slow).stdout.split()[1]}) == 1


async def test_a_server_without_sessions_is_told(ssh_server: Server) -> None:
    async with reached(ssh_server, 0) as host:
        with pytest.raises(HostError, match=r"login opens no session for commands"):
            await host.run(["true"])


@pytest.mark.parametrize("num_sessions", [10, 2])
@pytest.mark.parametrize("how", ["cancelled", "timed out", "cancelled, and only looks"])
async def test_a_command_that_is_given_up_ends_with_its_children_and_its_session_is_free(
    ssh_server: Server, tmp_path: Path, until: Any, how: str, num_sessions: int
) -> None:
    file = tmp_path / "pid"
    words = ["sh", "-c", f"sh -c 'echo $$ > {file}; exec sleep 300' & wait"]
    only_looks, patience = "looks" in how, 3 if how == "timed out" else 300
    async with reached(ssh_server, num_sessions) as host:
        await host.run(["true"])  # the login counts for none of the time that a command has
        call = asyncio.create_task(host.run(words, timeout_seconds=patience, only_looks=only_looks))
        await until(lambda: file.exists() and file.read_text().strip(), what="the command to begin")
        if how != "timed out":
            call.cancel()
        with pytest.raises((asyncio.CancelledError, HostError)):
            await call
        assert (await host.run(["echo", "free"], only_looks=only_looks)).stdout == "free\n"
        child = int(file.read_text())
        await until(lambda: is_gone(child), what="the child to end")


async def test_a_signal_that_ends_a_command_is_its_status(far: SshHost) -> None:
    assert (await far.run(["sh", "-c", "kill -TERM $$"])).status == -15


async def test_commands_that_only_look_share_a_session(far: SshHost) -> None:
    number = ["cut", "-d", " ", "-f", "6", "/proc/self/stat"]
    seen = [(await far.run(number, only_looks=True)).stdout for _ in range(3)]
    assert len(set(seen)) == 1
    assert seen[0].strip().isdecimal()


async def quiet(line: Line, until: Any) -> None:
    """Nothing is on its way any more, such as sessions that are opened ahead."""
    seen = -1

    def is_quiet() -> bool:
        nonlocal seen
        before, seen = seen, line.num_bytes
        return before == seen

    await until(is_quiet, every_seconds=0.5)


async def test_what_is_asked_in_one_turn_costs_one_round_trip(
    far: SshHost, line: Line, tmp_path: Path, until: Any
) -> None:
    for one in range(50):
        (tmp_path / f"run{one}").mkdir()
        (tmp_path / f"run{one}" / "launch.json").write_text("{}" * 100)
    await far.run(["true"])
    await quiet(line, until)
    before = line.num_round_trips
    folders = [PurePosixPath(tmp_path / f"run{one}") for one in range(50)]
    reads = (far.read(folder / "launch.json") for folder in folders)
    listed, read = await asyncio.gather(
        asyncio.gather(*(far.list(folder) for folder in folders)), asyncio.gather(*reads)
    )
    assert {entry.name for (entry,) in listed} == {"launch.json"}
    assert {piece.size for piece in read} == {200}
    assert line.num_round_trips - before <= 2


async def test_a_look_that_was_cut_is_taken_once_more(far: SshHost, line: Line, tmp_path: Path, until: Any) -> None:
    (tmp_path / "file").write_text("text")
    await far.run(["true"])
    line.freeze()
    look = asyncio.create_task(far.read(PurePosixPath(tmp_path / "file")))
    listing = asyncio.create_task(far.list(PurePosixPath(tmp_path)))
    sent = line.num_bytes
    await until(lambda: line.num_bytes > sent, what="the look to be on its way")
    line.cut()
    line.thaw()
    assert (await look).data == b"text"
    assert "file" in {entry.name for entry in await listing}


async def test_a_line_that_stands_still_for_a_while_loses_nothing(far: SshHost, line: Line, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    await far.run(["true"])
    line.freeze()
    look = asyncio.create_task(far.read(PurePosixPath(tmp_path / "file")))
    run = asyncio.create_task(far.run(["sh", "-c", f"echo once >> {tmp_path}/said; echo done"]))
    done, _ = await asyncio.wait({look, run}, timeout=1.0)
    assert not done
    line.thaw()
    assert (await look).data == b"text"
    assert (await run).stdout == "done\n"
    assert (tmp_path / "said").read_text() == "once\n"


async def test_a_line_that_stands_still_is_not_taken_for_a_disk_that_hangs(
    ssh_server: Server, line: Line, tmp_path: Path, until: Any
) -> None:
    paths = [PurePosixPath(tmp_path / f"file{one}") for one in range(300)]
    for path in paths:
        Path(path).write_text("text" * 100)
    alias = ("HostKeyAlias far", "ServerAliveInterval 60")
    ssh_server.configure("patient", *alias, port=line.port, known_hosts="known_far")
    host = SshHost("patient", config=ssh_server.config)
    await host.read(paths[0])
    before = line.num_bytes_back
    looks = asyncio.gather(*(host.read(path) for path in paths))
    await until(lambda: line.num_bytes_back > before + 4000, every_seconds=0.005, what="the first answers")
    line.freeze()
    await asyncio.wait({looks}, timeout=PATIENCE_SECONDS + 2.0)
    line.thaw()
    assert {piece.data for piece in await looks} == {b"text" * 100}
    await host.close()


async def test_a_line_that_stays_away_is_noticed_and_made_anew(
    far: SshHost, line: Line, tmp_path: Path, until: Any
) -> None:
    (tmp_path / "file").write_text("text")
    await far.run(["true"])
    line.freeze()
    look = asyncio.create_task(far.read(PurePosixPath(tmp_path / "file")))
    await until(lambda: line.num_open >= 2, what="a new connection to be tried")
    line.thaw()
    assert (await look).data == b"text"


async def test_a_command_that_was_cut_is_not_run_again(far: SshHost, line: Line, tmp_path: Path, until: Any) -> None:
    file = tmp_path / "said"
    goes_on = f"while [ -e {file} ] && [ ! -e {tmp_path}/go ]; do sleep 0.1; done"
    call = asyncio.create_task(far.run(["sh", "-c", f"echo once >> {file}; {goes_on}"]))
    await until(lambda: file.exists() and file.read_text(), what="the command to run")
    line.cut()
    with pytest.raises(HostError, match=r"connection to far was lost while running sh; it may have run\.$"):
        await call
    assert (await far.run(["cat", str(file)])).stdout == "once\n"
    (tmp_path / "go").touch()


async def test_a_command_that_only_looks_is_run_once_more(far: SshHost, line: Line, tmp_path: Path, until: Any) -> None:
    file = tmp_path / "said"
    script = f"echo once >> {file}; until [ -e {tmp_path}/go ]; do sleep 0.1; done; echo seen"
    call = asyncio.create_task(far.run(["sh", "-c", script], only_looks=True))
    await until(lambda: file.exists() and file.read_text(), what="the command to run")
    line.cut()
    await until(lambda: file.read_text() == "once\nonce\n", what="the second run")
    (tmp_path / "go").touch()
    assert (await call).stdout == "seen\n"


async def test_a_connection_lost_while_idle_is_made_anew_without_a_word(far: SshHost, line: Line, until: Any) -> None:
    await far.run(["true"])
    line.cut()
    await until(lambda: line.num_open == 0, what="the cut")
    assert (await far.run(["echo", "back"])).stdout == "back\n"


@pytest.mark.parametrize("is_back", [True, False])
async def test_a_write_that_is_cut_leaves_the_old_file_whole_and_is_done_again_if_that_can_be(
    far: SshHost, line: Line, tmp_path: Path, until: Any, is_back: bool
) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    await far.run(["true"])
    line.bytes_per_second = 1e5
    sent = line.num_bytes
    write = asyncio.create_task(far.write(PurePosixPath(file), b"new" * 1_000_000))
    await until(lambda: line.num_bytes > sent + 200_000, what="a part to be sent")
    line.bytes_per_second = 1e8
    if not is_back:
        line.to_port = 1
    line.cut()
    if is_back:
        await write
        assert file.read_text() == "new" * 1_000_000
    else:
        with pytest.raises(HostUnknown, match=r"was lost while writing .*; it may have been written\.$"):
            await write
        assert file.read_text() == "old"
    await until(lambda: [one.name for one in tmp_path.glob(".file*")] == [], what="the part to be removed")


async def test_a_write_goes_on_though_its_caller_and_the_console_have_left(far: SshHost, tmp_path: Path) -> None:
    await far.run(["true"])
    write = asyncio.create_task(far.write(PurePosixPath(tmp_path / "file"), b"new" * 1_000_000))
    await asyncio.sleep(0)
    write.cancel()
    with pytest.raises(asyncio.CancelledError):
        await write
    await far.close()
    assert (tmp_path / "file").stat().st_size == 3_000_000


async def test_whoever_waits_when_the_connection_is_closed_is_told(far: SshHost, line: Line, tmp_path: Path) -> None:
    await far.run(["true"])
    line.freeze()
    calls = [asyncio.ensure_future(far.list(PurePosixPath(tmp_path))), asyncio.ensure_future(far.run(["true"]))]
    calls += [asyncio.ensure_future(far.write(PurePosixPath(tmp_path / "file"), b"x" * 1000))]
    await asyncio.wait(calls, timeout=0.2)
    await far.close()
    for call in calls:
        with pytest.raises(HostError):
            await call


async def test_a_file_that_was_replaced_by_one_of_the_same_size_is_told_apart(far: SshHost, tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_text("one")
    first = await far.read(PurePosixPath(file))
    (tmp_path / "next").write_text("two")
    (tmp_path / "next").replace(file)
    second = await far.read(PurePosixPath(file))
    assert first.identity
    assert first.identity != second.identity
    assert second.identity == f"{file.stat().st_dev}:{file.stat().st_ino}"


@pytest.mark.parametrize("num_sessions", [3, 2, 1])
async def test_what_answers_questions_leaves_room_for_commands(
    ssh_server: Server, tmp_path: Path, num_sessions: int
) -> None:
    ssh_server.set_environment({"PYTHONPATH": str(Path(__file__).parent.parent.parent)})
    async with reached(ssh_server, num_sessions) as host:
        for turn in range(4):
            asked = [host.ask(FindPath("new0", tmp_path)) for _ in range(2)]
            writes = [host.write(PurePosixPath(tmp_path / f"new{one}"), b"new") for one in range(2)]
            runs = [host.run(["echo", f"{one}"]) for one in range(2)]
            await asyncio.gather(*writes)
            found, said = await asyncio.gather(asyncio.gather(*asked), asyncio.gather(*runs))
            assert [one.is_there for one in found] == [True, True]
            assert [one.stdout for one in said] == ["0\n", "1\n"], turn
