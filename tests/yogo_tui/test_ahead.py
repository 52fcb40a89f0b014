"""What a far console asks while it opens: as little as there is, nothing twice, and never of the wrong place."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.made_runs import finished_run
from tests.ssh_server import Server
from tests.yogo_tui.fake_session import see, until
from tests.yogo_tui.stand_in_slurm import StandIn
from tests.yogo_tui.test_runs_folder import CountingHost, by_name, make_run
from yogo.run.directory import RunDirectory
from yogo_tui.app import FarConsole
from yogo_tui.errors import HostError
from yogo_tui.hosts.asker import ComingAsker
from yogo_tui.hosts.base import Entry, Host, Piece, silent
from yogo_tui.hosts.ssh import SshHost
from yogo_tui.opening import Place, Reached
from yogo_tui.questions.glance import GlanceAtRuns, RunsGlance
from yogo_tui.runs.folder import Scanner
from yogo_tui.session import Runs, Session


def foretold(host: Host, workspace: Path, glance: RunsGlance) -> Scanner:
    async def told() -> RunsGlance:
        return glance

    return Scanner(host, [PurePosixPath(workspace / "trained_models")], told)


def glance_at(workspace: Path) -> RunsGlance:
    return GlanceAtRuns(workspace=workspace).answer(silent)


def a_workspace(folder: Path, *names: str) -> Path:
    for name in names:
        make_run(folder / "trained_models", name, over=name == "over")
    return folder


async def test_what_was_foretold_is_not_asked_and_is_the_same(tmp_path: Path) -> None:
    lab = a_workspace(tmp_path / "lab", "over", "live")
    host = CountingHost()
    looks = foretold(host, lab, glance_at(lab))
    assert await by_name(looks) == await by_name(Scanner(CountingHost(), [PurePosixPath(lab / "trained_models")]))
    assert (host.lists, host.reads) == (0, Counter())


async def test_what_was_foretold_is_not_read_again_until_it_changes(host: Host, tmp_path: Path) -> None:
    lab = a_workspace(tmp_path / "lab", "live")
    glance = glance_at(lab)
    make_run(lab / "trained_models", "later")
    looks = foretold(host, lab, glance)
    assert (await by_name(looks)).keys() == {"live"}
    told = {file.path for file in glance.files}
    (told_entry,) = glance.folders[str(lab / "trained_models")]
    asked = {entry.name: entry for entry in await host.list(PurePosixPath(lab / "trained_models"))}
    assert asked["live"] == told_entry, "whoever lists it, so that the records are known to be the same"
    assert str(RunDirectory(lab / "trained_models" / "live").manifest) in told
    RunDirectory(lab / "trained_models" / "live").manifest.write_text("{")
    second = await by_name(looks)
    assert second.keys() == {"live", "later"}
    assert second["live"].problems


@pytest.mark.parametrize("wrong", ["the name of a file", "a large file", "a file of no text", "a link to nowhere"])
async def test_what_cannot_be_foretold_is_asked_for(tmp_path: Path, wrong: str) -> None:
    lab = a_workspace(tmp_path / "lab", "live")
    run = RunDirectory(lab / "trained_models" / "live")
    match wrong:
        case "the name of a file":
            (run.path / os.fsdecode(b"\xff")).touch()
        case "a large file":
            run.events.write_bytes(run.events.read_bytes() * 200)
        case "a file of no text":
            run.launch.write_bytes(b"\xff")
        case "a link to nowhere":
            (run.path.parent / "nowhere").symlink_to(tmp_path / "away")
    assert await by_name(foretold(CountingHost(), lab, glance_at(lab))) == await by_name(
        Scanner(CountingHost(), [PurePosixPath(run.path.parent)])
    )


async def test_a_glance_at_another_workspace_shows_nothing_of_it(tmp_path: Path) -> None:
    other, lab = a_workspace(tmp_path / "other", "live"), a_workspace(tmp_path / "lab", "over")
    assert (await by_name(foretold(CountingHost(), lab, glance_at(other)))).keys() == {"over"}


class CountingFar(SshHost):
    """A far machine, and what it was asked for."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.looks: list[PurePosixPath] = []

    async def list(self, path: PurePosixPath) -> tuple[Entry, ...]:
        self.looks.append(path)
        return await super().list(path)

    async def read(self, path: PurePosixPath, *, offset: int = 0, limit: int = 1 << 20) -> Piece:
        self.looks.append(path)
        return await super().read(path, offset=offset, limit=limit)


def place(server: Server, tmp_path: Path) -> Reached:
    """A machine with a stand-in for Slurm, whose workspace only its own settings name."""
    slurm = StandIn(tmp_path / "bin")
    slurm.program("scontrol", f"echo scontrol >> {tmp_path}/asked; echo ClusterName=lab")
    slurm.program("env", f"echo env >> {tmp_path}/asked; exec /usr/bin/env")
    slurm.program("squeue", f"until [ -e {tmp_path}/answers ]; do sleep 0.05; done; cat {tmp_path}/bin/queue")
    server.kill()
    server.set_environment({"PATH": f"{slurm.folder}:{os.environ['PATH']}", "PYTHONPATH": os.getcwd()})
    server.start()
    lab = a_workspace(tmp_path / "lab", "live")
    finished_run(lab / "trained_models" / "well")
    (lab / "settings.yaml").write_text(f"workspace: {lab}\n")
    (tmp_path / "own.yaml").write_text(f"hosts:\n- {{name: lab, login: login, settings: {lab}/settings.yaml}}\n")
    there = Place("lab", tmp_path / "own.yaml").reach()
    host = CountingFar("login", config=server.config, serve=(sys.executable, "-m", "yogo_tui", "serve"))
    return replace(there, host=host, far=host)


async def first_look(session: Session) -> Runs:
    async with aclosing(session.runs.watch()) as looks:
        return await anext(looks)


@pytest.mark.far
async def test_a_console_shows_the_runs_there_before_the_queue_answers_and_asks_for_nothing_twice(
    ssh_server: Server, tmp_path: Path
) -> None:
    there = place(ssh_server, tmp_path)
    session = await there.open(for_console=True)
    seen = await first_look(session)
    assert {run.name for run in seen.runs} == {"live", "well"}
    assert seen.queue.seen_at is None
    assert isinstance(there.host, CountingFar)
    assert there.host.looks == []
    (tmp_path / "answers").touch()
    assert (await session.runs.look()).queue.seen_at is not None
    assert (tmp_path / "asked").read_text().split() == ["env", "scontrol"]
    assert not [task for task in asyncio.all_tasks() if "ahead" in str(task.get_coro())]
    await session.close()


@pytest.mark.far
async def test_a_far_console_opens_shows_the_runs_and_then_their_queue(ssh_server: Server, tmp_path: Path) -> None:
    there, asker = place(ssh_server, tmp_path), ComingAsker()
    app = FarConsole(there, asker, asyncio.create_task(there.open(for_console=True)))
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "live", "well", "2 runs")
        assert app.runs.queue.seen_at is None
        (tmp_path / "answers").touch()
        await until(pilot, lambda: app.runs.queue.seen_at is not None)
        await pilot.press("2")
        await see(pilot, "Recipes")
    await there.host.close()


@pytest.mark.far
async def test_a_command_does_not_ask_for_runs_that_it_may_not_want(ssh_server: Server, tmp_path: Path) -> None:
    there = place(ssh_server, tmp_path)
    (tmp_path / "answers").touch()
    session = await there.open()
    make_run(tmp_path / "lab" / "trained_models", "later")
    assert {run.name for run in (await session.runs.look()).runs} == {"live", "well", "later"}
    assert (tmp_path / "asked").read_text().split() == ["env", "scontrol"]
    await session.close()


@pytest.mark.far
async def test_what_fails_while_it_opens_is_told_by_whoever_needs_it(ssh_server: Server, tmp_path: Path) -> None:
    there = place(ssh_server, tmp_path)
    (tmp_path / "bin" / "scontrol").write_text("#!/bin/sh\necho no controller >&2; exit 1\n")
    (tmp_path / "lab" / "trained_models").rename(tmp_path / "runs")
    (tmp_path / "lab" / "trained_models").write_text("a file")
    session = await there.open(for_console=True)
    with pytest.raises(HostError, match=r"trained_models cannot be listed"):
        await session.runs.look()
    (tmp_path / "lab" / "trained_models").unlink()
    (tmp_path / "runs").rename(tmp_path / "lab" / "trained_models")
    seen = await session.runs.look()
    assert {run.name for run in seen.runs} == {"live", "well"}
    assert "no controller" in seen.queue.stale
    await session.close()


def test_what_connects_waits_for_nothing_that_is_needed_later() -> None:
    code = "import sys, yogo_tui.cli.console; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "yogo_tui.opening" in loaded
    assert not {"yogo_tui.session", "yogo_tui.launch.plan", "textual", "jinja2"} & set(loaded)
