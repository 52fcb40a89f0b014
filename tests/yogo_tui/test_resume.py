"""Going on with a run that stopped, as one more job: on this machine's own cluster, with a trainer that pretends."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath

import pytest

from tests.yogo_tui.lab import PRETEND, SIZE, plan, seen, workspace
from yogo.recipe import Recipe
from yogo.run.launch import Launch, Outcome
from yogo_tui.cli import main
from yogo_tui.cluster.base import JobId
from yogo_tui.cluster.local import LocalCluster
from yogo_tui.errors import ClusterError, LaunchError, TemplateError
from yogo_tui.hosts.here import HereHost
from yogo_tui.runs.model import Run, RunState
from yogo_tui.session import Session
from yogo_tui.settings import SizePreset


class MoodyCluster(LocalCluster):
    """Refuses what it is given while it has a reason to."""

    refusal = ""
    spoils: Path | None = None
    """A file that cannot be written any more once it has refused."""

    async def submit(self, script: PurePosixPath, *, after: JobId | None = None) -> JobId:
        if self.spoils:
            self.spoils.unlink()
            (self.spoils / "full").mkdir(parents=True)
        if self.refusal:
            raise ClusterError(self.refusal)
        return await super().submit(script, after=after)


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[Session]:
    cluster = MoodyCluster(tmp_path / "state", slots=1, kill_after_seconds=5)
    session = Session(workspace(tmp_path / "lab"), HereHost(), cluster)
    yield session
    await cluster.cancel([job.id for job in await cluster.jobs() if not job.state.is_over])


async def stopped(session: Session, monkeypatch: pytest.MonkeyPatch, end: str = "signal", name: str = "first") -> Run:
    """A run that trained, and was cancelled, or ended as `end` says."""
    monkeypatch.setenv("PRETEND_END", end)
    await session.launcher.launch(plan(session, name))
    if end == "signal":
        await session.jobs.cancel([await training(session, name)])
    run = await seen(session, name, RunState.CANCELLED, RunState.FAILED)
    monkeypatch.setenv("PRETEND_END", "finished")
    return run


async def training(session: Session, name: str) -> Run:
    """The run, once its trainer has written what it runs."""
    async with asyncio.timeout(60):
        async for looked in session.runs.watch():
            for run in looked.runs:
                if run.name == name and run.state is RunState.RUNNING and run.has_best:
                    return run
    raise AssertionError


async def test_a_run_does_not_go_on_here_with_a_size_of_several_nodes(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await stopped(session, monkeypatch)
    assert run.path
    manifest = Path(run.path) / "run.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"world_size": 2}))  # as on two nodes elsewhere
    run = await session.runs.find("first")
    two = SizePreset(gpus=2, cpus=2, hours=1, nodes=2, template="2nodes.sbatch")
    settings = session.settings.model_copy(update={"sizes": (SIZE, two)})
    assert run.path
    before = {path: path.read_bytes() for path in Path(run.path).iterdir() if path.is_file()}
    with pytest.raises(LaunchError, match="The size 2 trains on 2 nodes, and this machine is one"):
        await Session(settings, session.host, session.cluster).jobs.resume(run, size="2")
    assert {path: path.read_bytes() for path in Path(run.path).iterdir() if path.is_file()} == before


@pytest.mark.parametrize("name", ["run.json", "launch.json", "result.json"])
async def test_a_run_that_cannot_be_read_does_not_go_on_and_says_what_could_not(
    session: Session, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    run = await stopped(session, monkeypatch)
    assert run.path
    damaged = Path(run.path / name)
    damaged.write_text("{")
    run = await session.runs.find("first")
    with pytest.raises(LaunchError, match=rf"first cannot be resumed while it cannot be read: .*{name} is damaged"):
        await session.jobs.resume(run)
    assert damaged.read_text() == "{"


@pytest.mark.parametrize("end", ["signal", "failed", "killed"])
async def test_a_run_that_stopped_goes_on_as_one_more_job(
    session: Session, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    run = await stopped(session, monkeypatch, end)
    monkeypatch.setenv("PRETEND_SECONDS", "0.5")
    launched = await session.jobs.resume(run)
    assert (await session.runs.find("first")).state in (RunState.WAITING, RunState.RUNNING)
    run = await seen(session, "first", RunState.FINISHED, RunState.FAILED)
    assert run.state is RunState.FINISHED, (run.why, run.log and Path(run.log).read_text())
    assert run.job
    assert run.job.id == launched.job_id
    assert run.log == launched.directory / f"first-{launched.job_id}.log"
    assert "resuming train --resume" in Path(run.log).read_text()
    assert [one.name for one in (await session.runs.look()).runs] == ["first"]
    first, second = Launch.read(Path(launched.directory) / "launch.json").submissions
    assert (first.outcome, second.outcome) == (Outcome.SUBMITTED, Outcome.SUBMITTED)
    assert (Path(launched.directory) / "lease" / f"token-{second.token}").exists()
    assert second.token in (Path(launched.directory) / "job-2.sbatch").read_text()
    assert second.token not in (Path(launched.directory) / "job.sbatch").read_text()


async def test_a_run_goes_on_as_often_as_it_must(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    run = await stopped(session, monkeypatch)
    monkeypatch.setenv("PRETEND_END", "killed")
    await session.jobs.resume(run)
    again = await seen(session, "first", RunState.FAILED)
    monkeypatch.setenv("PRETEND_END", "finished")
    await session.jobs.resume(again)
    assert await seen(session, "first", RunState.FINISHED)


async def test_a_run_begun_in_a_shell_goes_on_as_a_job(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["train", "cells.yml", "--runs", str(session.runs.folder), "--name", "byhand"]
    session.runs.folder.mkdir()
    (session.runs.folder / "byhand").mkdir()
    environment = os.environ | {"PRETEND_END": "killed"}
    subprocess.run([sys.executable, str(PRETEND), *words], env=environment, check=False, timeout=60)
    (session.runs.folder / "byhand/result.json").unlink(missing_ok=True)
    for path in (session.runs.folder / "byhand").iterdir():
        os.utime(path, (1, 1))
    run = await session.runs.find("byhand")
    assert run.launch is None
    await session.jobs.resume(run)
    run = await seen(session, "byhand", RunState.FINISHED)
    assert run.job
    assert run.launch
    assert run.launch.definition.endswith("cells.yml")


async def test_a_fine_tune_can_wait_for_a_run_that_goes_on(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    run = await stopped(session, monkeypatch)
    monkeypatch.setenv("PRETEND_SECONDS", "0.5")
    launched = await session.jobs.resume(run)
    parent = await session.planner.parent_of(await session.runs.find("first"))
    assert parent.after == launched.job_id
    definition = session.settings.workspace_folder / "dataset_defs/cells.yml"
    child = await session.planner.finetune(parent, definition=definition, recipe=Recipe(), size=SIZE, name="second")
    await session.launcher.launch(child)
    assert (await seen(session, "second", RunState.FINISHED, RunState.FAILED)).state is RunState.FINISHED


async def test_what_runs_has_finished_or_saved_nothing_does_not_go_on(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETEND_END", "signal")
    launched = await session.launcher.launch(plan(session))
    with pytest.raises(LaunchError, match=rf"first is running: .*job {launched.job_id}.* yogo-tui cancel first"):
        await session.jobs.resume(await training(session, "first"))
    await session.jobs.cancel([await session.runs.find("first")])
    run = await seen(session, "first", RunState.CANCELLED)
    for kept in ("last.pth", "best.pth"):
        (session.runs.folder / "first" / kept).unlink()
    with pytest.raises(LaunchError, match="has saved nothing to resume from"):
        await session.jobs.resume(run)
    monkeypatch.setenv("PRETEND_END", "finished")
    await session.launcher.launch(plan(session, "second"))
    with pytest.raises(LaunchError, match="second has finished"):
        await session.jobs.resume(await seen(session, "second", RunState.FINISHED))


async def test_a_resume_that_is_refused_leaves_the_run_as_it_was(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await stopped(session, monkeypatch)
    assert isinstance(session.cluster, MoodyCluster)
    session.cluster.refusal = "Slurm did not take the job: Invalid account."
    folder = session.runs.folder / "first"
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    with pytest.raises(ClusterError, match="Invalid account"):
        await session.jobs.resume(run)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    assert (await session.runs.find("first")).state is RunState.CANCELLED


async def test_a_refused_resume_that_cannot_be_recorded_is_told_as_refused(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await stopped(session, monkeypatch)
    assert isinstance(session.cluster, MoodyCluster)
    session.cluster.refusal = "Slurm did not take the job: Invalid account."
    session.cluster.spoils = session.runs.folder / "first" / "launch.json"
    with pytest.raises(ClusterError, match="Invalid account"):
        await session.jobs.resume(run)


async def test_two_consoles_do_not_go_on_with_one_run_at_once(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await stopped(session, monkeypatch)
    monkeypatch.setenv("PRETEND_SECONDS", "0.5")
    await session.jobs.resume(run)
    with pytest.raises(LaunchError, match="has just changed"):
        await session.jobs.resume(run)
    assert await seen(session, "first", RunState.FINISHED)
    assert len(await session.cluster.jobs()) == 2


async def test_a_run_goes_on_for_longer_where_it_is_asked_for(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await stopped(session, monkeypatch)
    await session.jobs.resume(run, hours=36)
    assert "#SBATCH --time=36:00:00\n" in (session.runs.folder / "first/job-2.sbatch").read_text()
    assert await seen(session, "first", RunState.FINISHED)


async def test_a_template_that_is_older_than_resuming_is_named(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await stopped(session, monkeypatch)
    templates = session.settings.workspace_folder / "templates"
    templates.mkdir()
    (templates / "1gpu.sbatch").write_text("#!/bin/bash\n{{ yogo }} train {{ definition }} --name {{ name }}\n")
    settings = session.settings.model_copy(update={"templates": templates})
    with pytest.raises(TemplateError, match=r"1gpu\.sbatch.*does not support resuming a run"):
        await Session(settings, session.host, session.cluster).jobs.resume(run)


def test_the_command_says_what_the_run_goes_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = workspace(tmp_path / "lab")
    file = tmp_path / "lab/settings.yaml"
    size = "{gpus: 1, cpus: 1, hours: 1, template: 1gpu.sbatch}"
    file.write_text(
        f"workspace: {tmp_path}/lab\ncluster: local\nlocal_slots: 1\nyogo_command: {settings.yogo_command}\n"
        f"sizes: [{size}]\n"
    )
    monkeypatch.setenv("YOGO_TUI_SETTINGS", str(file))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PRETEND_END", "failed")
    assert main(["launch", "cells.yml", "--name", "first", "--wait"]) == 1
    monkeypatch.setenv("PRETEND_END", "finished")
    events = tmp_path / "lab/trained_models/first/events.jsonl"
    saved = {"event": "checkpointed", "attempt": 0, "step": 3, "epoch": 1, "file": "last.pth"}
    with events.open("a") as appended:
        appended.write(json.dumps(saved | {"at": "2026-11-23T12:00:00Z"}) + "\n")
    capsys.readouterr()
    assert main(["resume", "first", "--dry-run"]) == 0
    assert "train --resume" in capsys.readouterr().out
    assert main(["resume", "first", "--wait"]) == 0
    out = capsys.readouterr().out
    assert "first is job 2, in " in out
    assert "first resumes from epoch 1.5 of 2\n" in out
    assert main(["resume", "first"]) == 1
    assert "first has finished" in capsys.readouterr().err


def test_the_command_names_the_runs_that_waited_for_the_job_that_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = workspace(tmp_path / "lab")
    file = tmp_path / "lab/settings.yaml"
    size = "{gpus: 1, cpus: 1, hours: 1, template: 1gpu.sbatch}"
    file.write_text(
        f"workspace: {tmp_path}/lab\ncluster: local\nlocal_slots: 1\nyogo_command: {settings.yogo_command}\n"
        f"sizes: [{size}]\n"
    )
    monkeypatch.setenv("YOGO_TUI_SETTINGS", str(file))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PRETEND_END", "killed")
    assert main(["launch", "cells.yml", "--name", "first", "--then-finetune", "cells.yml", "--then-name", "next"]) == 0
    while "can never start" not in capsys.readouterr().out:
        assert main(["runs", "next"]) == 0
    monkeypatch.setenv("PRETEND_END", "finished")
    assert main(["resume", "first", "--wait"]) == 0
    assert "next waited for the job that stopped, and can never start: yogo-tui cancel next, then" in (
        capsys.readouterr().err
    )
    assert main(["cancel", "next", "--yes"]) == 0
