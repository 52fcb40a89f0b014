"""Sweeps through a real Slurm: one array, its throttle, single tasks cancelled, held and requeued."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.yogo_tui.lab import PRETEND, answering_slurm, plan, workspace
from yogo.run.directory import RunDirectory
from yogo.run.launch import Launch
from yogo.run.manifest import Manifest
from yogo_tui.cluster.base import Change
from yogo_tui.hosts.here import HereHost
from yogo_tui.runs.model import Run, RunState
from yogo_tui.session import Session
from yogo_tui.session.sweeps import to_stop

pytestmark = pytest.mark.slurm

Until = Callable[..., Awaitable[Any]]


@pytest.fixture
async def session(slurm: Any, tmp_path: Path) -> AsyncIterator[Session]:
    settings = workspace(tmp_path / "lab").model_copy(
        update={
            "cluster": "slurm",
            "yogo_command": f"{sys.executable} {PRETEND}",
            "setup": (f"echo $$ > {tmp_path}/shell-$SLURM_ARRAY_TASK_ID",),
        }
    )
    host = HereHost(slurm.environment)
    session = Session(settings, host, await answering_slurm(host))
    yield session
    await session.cluster.cancel([job.id for job in await session.cluster.jobs() if not job.state.is_over])


async def start(session: Session, *texts: str, throttle: int = 4) -> str:
    """The id of the array."""
    planned = await session.sweeps.plan(plan(session, "rates"), texts, (), throttle=throttle)
    submitted = await session.sweeps.submit(planned)
    assert submitted.array, submitted.notice
    return submitted.array


async def seen(session: Session) -> dict[str, Run]:
    """Those of this workspace: the tests share a Slurm."""
    return {run.name: run for run in (await session.runs.look()).runs if run.path and not run.is_elsewhere}


async def are(session: Session, names: Sequence[str], *states: RunState) -> bool:
    runs = await seen(session)
    return all(name in runs and runs[name].state in states for name in names)


async def test_the_trials_of_a_sweep_are_runs_with_their_logs_and_jobs(session: Session, until: Until) -> None:
    array = await start(session, "lr=1e-4,1e-3", "seed=0..1", throttle=2)
    names = [f"rates-0{index}" for index in range(4)]
    await until(lambda: are(session, names, RunState.FINISHED), seconds=120)
    runs = await seen(session)
    for index, name in enumerate(names):
        run = runs[name]
        assert run.job is not None
        assert run.job.id == f"{array}_{index}"
        log = RunDirectory(session.runs.folder / name).log(f"{array}_{index}")
        assert str(run.log) == str(log)
        assert log.read_text().startswith("training")
        assert Launch.read(RunDirectory(session.runs.folder / name).launch).submissions[-1].job_id == run.job.id


async def test_what_waits_is_told_task_by_task_held_released_and_stopped(
    session: Session, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETEND_SECONDS", "600")
    array = await start(session, "seed=0..3", throttle=1)
    await until(lambda: are(session, ["rates-00"], RunState.RUNNING), seconds=90)
    runs = await seen(session)
    for index in (1, 2, 3):
        assert runs[f"rates-0{index}"].state is RunState.WAITING
        assert runs[f"rates-0{index}"].job is not None
    assert {run.job.id for run in runs.values() if run.job} == {f"{array}_{index}" for index in range(4)}
    await session.jobs.change(Change.HOLD, [runs["rates-02"]])
    await until(lambda: are(session, ["rates-02"], RunState.HELD))
    assert (await seen(session))["rates-03"].state is RunState.WAITING
    sweep = await session.sweeps.find("rates")
    waiting = to_stop(sweep, (await session.runs.look()).runs)
    assert sorted(run.name for run in waiting) == ["rates-01", "rates-02", "rates-03"]
    await session.jobs.cancel(waiting)
    await until(lambda: are(session, ["rates-01", "rates-02", "rates-03"], RunState.CANCELLED), seconds=60)
    assert (await seen(session))["rates-00"].state is RunState.RUNNING
    monkeypatch.delenv("PRETEND_SECONDS")
    rest = await session.sweeps.rest(sweep, (await session.runs.look()).runs)
    assert [one.plan.name for one in rest.trials] == ["rates-01", "rates-02", "rates-03"]
    await session.sweeps.submit(rest)
    await until(lambda: are(session, ["rates-01", "rates-02", "rates-03"], RunState.FINISHED), seconds=120)


async def test_a_task_whose_time_is_nearly_up_goes_back_alone_and_goes_on(
    session: Session, until: Until, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last task of an array has the array's own number, by which Slurm would requeue them all."""
    monkeypatch.setenv("PRETEND_END", "signal")
    monkeypatch.setenv("PRETEND_SECONDS", "600")
    array = await start(session, "seed=0..1", throttle=2)
    await until(lambda: are(session, ["rates-00", "rates-01"], RunState.RUNNING), seconds=90)
    last = RunDirectory(session.runs.folder / "rates-01")
    await until(lambda: last.last.exists() and RunDirectory(session.runs.folder / "rates-00").last.exists())
    assert Manifest.read(last.manifest).attempt == 0
    os.kill(int((tmp_path / "shell-1").read_text()), signal.SIGUSR2)
    await until(lambda: "goes back into the queue" in last.log(f"{array}_1").read_text(), seconds=60)
    await until(lambda: are(session, ["rates-01"], RunState.WAITING, RunState.RUNNING), seconds=60)
    assert (await seen(session))["rates-00"].state is RunState.RUNNING
    log = RunDirectory(session.runs.folder / "rates-00").log(f"{array}_0").read_text()
    assert "asked to stop" not in log
