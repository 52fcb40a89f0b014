"""Launches and what follows them, where the line breaks as soon as the server has done something."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import Until
from tests.ssh_server import Server
from tests.yogo_tui.lab import PRETEND, plan, workspace
from tests.yogo_tui.stand_in_slurm import StandIn
from yogo.errors import RecipeError
from yogo.presets import Preset, load
from yogo.recipe import Recipe
from yogo.run.launch import Launch
from yogo_tui.cluster.slurm import SlurmCluster
from yogo_tui.errors import ClusterError, HostError, HostUnknown, LaunchError
from yogo_tui.hosts.here import HereHost
from yogo_tui.hosts.ssh import SshHost
from yogo_tui.launch.chain import launch_chain
from yogo_tui.launch.questions import CopyTemplate, DropTemplate
from yogo_tui.questions.paths import FindPath
from yogo_tui.runs.model import RunState
from yogo_tui.session import Session
from yogo_tui.session.library import Library
from yogo_tui.settings import PinnedSettings

ROOT = Path(__file__).parent.parent.parent
CUTS = """/bin/{name} "$@"; status=$?
for last; do :; done
case $last in "$(cat {cut} 2>/dev/null || echo not now)"*)
  /bin/rm {cut}; p=$$
  until [ "$(cat /proc/$p/comm)" = sshd ]; do p=$(sed 's/.*) //' /proc/$p/stat | cut -d' ' -f2); done
  kill -KILL $p
esac
exit $status"""
"""A program that ends the connection that it runs over once it has done something to what the file `cut` begins."""


@pytest.fixture
def slurm(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path / "bin")


CUTTING = (sys.executable, "-m", "tests.yogo_tui.cut_questions")


@pytest.fixture
async def session(slurm: StandIn, ssh_server: Server, tmp_path: Path) -> AsyncIterator[Session]:
    for name in ("mv", "rm"):
        slurm.program(name, CUTS.format(name=name, cut=tmp_path / "cut"))
    ssh_server.kill()
    ssh_server.set_environment({"PATH": f"{slurm.folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)})
    ssh_server.start()
    host = SshHost("login", config=ssh_server.config, serve=(sys.executable, "-m", "yogo_tui", "serve"))
    try:
        yield Session(workspace(tmp_path / "lab"), host, SlurmCluster(host))
    finally:
        await host.close()


def failed(session: Session) -> Path:
    """The folder of a run, named first, that a trainer left which failed."""
    folder = session.runs.folder / "first"
    folder.mkdir(parents=True)
    words = ["train", f"{session.settings.workspace_folder}/dataset_defs/cells.yml", "--runs", str(folder.parent)]
    ends = os.environ | {"PYTHONPATH": str(ROOT), "PRETEND_END": "failed"}
    subprocess.run([sys.executable, str(PRETEND), *words, "--name", "first"], env=ends, check=False)
    return folder


async def test_a_launch_whose_folder_was_made_as_the_line_broke_goes_on(
    session: Session, slurm: StandIn, tmp_path: Path
) -> None:
    (tmp_path / "cut").write_text(f"{session.runs.folder / 'first'}")
    launched = await session.launcher.launch(plan(session))
    assert not (tmp_path / "cut").exists(), "the line broke"
    assert (launched.job_id, launched.notice, len(slurm.submitted)) == ("43", "", 1)
    assert [run.state for run in (await session.runs.look()).runs] == [RunState.WAITING]


@pytest.mark.parametrize("goes_on", ['exec /bin/mv "$@"', "echo mv: no >&2; exit 1"])
async def test_a_launch_that_is_cancelled_while_it_is_prepared_leaves_nothing(
    slurm: StandIn, tmp_path: Path, until: Until, goes_on: str
) -> None:
    session = slurm.session(tmp_path / "lab")
    begun, go = tmp_path / "begun", tmp_path / "go"
    slurm.program("mv", f"touch {begun}; until [ -e {go} ]; do sleep 0.05; done; {goes_on}")
    launching = asyncio.create_task(session.launcher.launch(plan(session)))
    await until(begun.exists, what="the folder to be renamed")
    launching.cancel()
    go.touch()
    with pytest.raises(asyncio.CancelledError):
        await launching
    assert (list(session.runs.folder.iterdir()), slurm.submitted) == ([], [])


async def test_a_launch_that_cannot_be_prepared_is_said_not_to_be_submitted(
    session: Session, slurm: StandIn, tmp_path: Path
) -> None:
    slurm.program("mv", "exit 1")
    with pytest.raises(HostError, match=r"^first was not submitted: .*job\.sbatch cannot be written"):
        await launch_chain(session.launcher.launch, [plan(session)])
    assert slurm.submitted == []


async def test_a_run_whose_resumption_cannot_be_recorded_stays_as_it_was(
    session: Session, slurm: StandIn, tmp_path: Path
) -> None:
    folder = failed(session)
    before = sorted(path.name for path in folder.iterdir())
    slurm.program("mv", 'case "$*" in *launch.json) echo mv: no >&2; exit 1; esac; exec /bin/mv "$@"')
    with pytest.raises(HostError, match=r"^first was not submitted: .*launch\.json cannot be written: no"):
        await session.jobs.resume(await session.runs.find("first"))
    assert (sorted(path.name for path in folder.iterdir()), slurm.submitted) == (before, [])
    slurm.program("mv", 'exec /bin/mv "$@"')
    assert (await session.jobs.resume(await session.runs.find("first"))).job_id == "43"


@pytest.mark.parametrize("done", ["launch.json", ".job-1.sbatch."])
async def test_a_resumption_under_which_the_line_broke_goes_on(
    session: Session, slurm: StandIn, tmp_path: Path, done: str
) -> None:
    folder = failed(session)
    (tmp_path / "cut").write_text(f"{folder / done}")
    assert (await session.jobs.resume(await session.runs.find("first"))).job_id == "43"
    assert not (tmp_path / "cut").exists(), "the line broke"
    assert [one.job_id for one in Launch.read(folder / "launch.json").submissions] == ["43"]
    assert len(slurm.submitted) == 1


async def test_a_run_that_was_cancelled_as_the_line_broke_is_recorded_as_cancelled(
    session: Session, slurm: StandIn, tmp_path: Path
) -> None:
    folder = (await session.launcher.launch(plan(session))).directory
    slurm.program("scancel", f"echo $* >> {slurm.folder}/cancelled; rm -f {tmp_path}/any")
    (tmp_path / "cut").write_text(f"{tmp_path}/any")
    await session.jobs.cancel([await session.runs.find("first")])
    assert not (tmp_path / "cut").exists(), "the line broke"
    assert slurm.cancelled == ["--quiet 43"] * 2
    assert Launch.read(Path(folder) / "launch.json").submissions[-1].cancelled_at is not None


async def test_a_run_that_was_forgotten_as_the_line_broke_is_told_as_forgotten(
    session: Session, slurm: StandIn, tmp_path: Path
) -> None:
    slurm.say("echo 'sbatch: error: Batch job submission failed: Invalid account' >&2; exit 1", queues=False)
    with pytest.raises(ClusterError):
        await session.launcher.launch(plan(session))
    (tmp_path / "cut").write_text(f"{session.runs.folder}/.forgotten/first.")
    assert "is forgotten" in await session.jobs.forget(await session.runs.find("first"))
    assert not (tmp_path / "cut").exists(), "the line broke"
    assert len(list(session.runs.folder.glob(".forgotten/first.*/first"))) == 1


async def test_a_run_that_two_resume_at_once_gets_one_job(slurm: StandIn, tmp_path: Path) -> None:
    session = slurm.session(tmp_path / "lab")
    folder = failed(session)
    both = (session, Session(session.settings, session.host, SlurmCluster(session.host)))
    run = await session.runs.find("first")
    ends = await asyncio.gather(*(one.jobs.resume(run) for one in both), return_exceptions=True)
    (refused,) = (end for end in ends if isinstance(end, LaunchError))
    assert "resumed from elsewhere" in str(refused) or "has just changed" in str(refused)
    assert len(slurm.submitted) == 1
    assert [one.job_id for one in Launch.read(folder / "launch.json").submissions] == ["43"]


@pytest.mark.parametrize("minutes", [1, 10])
async def test_a_resumption_that_was_killed_holds_up_others_for_minutes(
    slurm: StandIn, tmp_path: Path, minutes: int
) -> None:
    session = slurm.session(tmp_path / "lab")
    script = failed(session) / "job-1.sbatch"
    script.write_text("left")
    os.utime(script, (time.time() - 60 * minutes,) * 2)
    resuming = session.jobs.resume(await session.runs.find("first"))
    if minutes == 1:
        with pytest.raises(LaunchError, match="look at it again in 5 minutes"):
            await resuming
        assert slurm.submitted == []
    else:
        assert (await resuming).job_id == "43"
        assert script.read_text().startswith("#!")


async def test_what_is_sent_over_a_lost_line_is_not_told_on_the_terminal(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    await session.runs.look()
    ours, theirs = socket.socketpair()
    theirs.close()
    _, writer = await asyncio.open_connection(sock=ours)
    for _ in range(10):
        writer.write(b"x")
    writer.close()
    assert caplog.text == ""


@pytest.fixture
async def host(ssh_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SshHost]:
    """Its questions break the line as the file `cut` says."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    ssh_server.kill()
    ssh_server.set_environment({"PYTHONPATH": str(ROOT), "CUT": str(tmp_path / "cut")})
    ssh_server.start()
    host = SshHost("login", config=ssh_server.config, serve=CUTTING, back_within_seconds=0.1)
    try:
        yield host
    finally:
        await host.close()


NIGHT = Preset("Night", "", Recipe(epochs=12), None)


@pytest.mark.parametrize("cut", ["before", "after"])
async def test_a_change_under_which_the_line_broke_is_made_once_and_told_as_made(
    host: SshHost, tmp_path: Path, cut: str
) -> None:
    library = Library(host, workspace(tmp_path / "lab"))
    pinned = PinnedSettings.of(library.settings)
    file = library.presets_folder / "night.yaml"

    def breaks() -> None:
        (tmp_path / "cut").write_text(cut)

    breaks()
    saved = await library.save(NIGHT, file, seen=None)
    breaks()
    edited = await library.save(replace(saved, recipe=Recipe(epochs=13)), file, seen=saved.seen)
    assert (load(file), load(file).recipe.epochs) == (edited, 13)
    breaks()
    await library.remove(file, seen=edited.seen)
    assert not file.exists()
    breaks()
    template = await host.ask(CopyTemplate(pinned, "1gpu.sbatch"))
    assert template.exists()
    breaks()
    await host.ask(DropTemplate(pinned, template))
    assert not template.exists()
    assert not (tmp_path / "cut").exists(), "the line broke each time"


@pytest.mark.parametrize("cut", ["before", "after"])
async def test_a_recipe_that_nobody_can_look_at_any_more_is_told_as_perhaps_saved(
    host: SshHost, ssh_server: Server, tmp_path: Path, cut: str
) -> None:
    await host.ask(FindPath("~", tmp_path))
    assert ssh_server.process is not None
    ssh_server.process.kill()  # the connection stays, and no other can be made
    ssh_server.process.wait()
    ssh_server.process = None
    (tmp_path / "cut").write_text(cut)
    with pytest.raises(HostUnknown, match=r"was lost\. It is not known whether the recipe was saved\.$"):
        await Library(host, workspace(tmp_path / "lab")).save(NIGHT, tmp_path / "night.yaml", seen=None)
    assert (tmp_path / "night.yaml").exists() is (cut == "after")


async def test_a_recipe_that_is_another_by_now_is_not_removed(tmp_path: Path) -> None:
    library = Library(HereHost(), workspace(tmp_path / "lab"))
    saved = await library.save(NIGHT, tmp_path / "night.yaml", seen=None)
    other = await library.save(replace(saved, recipe=Recipe(epochs=13)), tmp_path / "night.yaml", seen=saved.seen)
    with pytest.raises(RecipeError, match="edited elsewhere in the meantime"):
        await library.remove(tmp_path / "night.yaml", seen=saved.seen)
    assert load(tmp_path / "night.yaml") == other
