"""Coming back into a real Slurm's queue when its controller is away at that very moment."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.slurm import daemons
from tests.yogo_tui.lab import PRETEND, answering_slurm, plan, workspace
from yogo_tui.cluster.base import JobState
from yogo_tui.hosts.here import HereHost
from yogo_tui.runs.model import Run
from yogo_tui.session import Session

pytestmark = pytest.mark.slurm

Until = Callable[..., Awaitable[Any]]


@pytest.fixture
async def session(slurm: Any, tmp_path: Path) -> AsyncIterator[Session]:
    settings = workspace(tmp_path / "lab").model_copy(
        update={
            "cluster": "slurm",
            "yogo_command": f"{sys.executable} {PRETEND}",
            "setup": (f"echo $$ > {tmp_path}/shell",),
        }
    )
    host = HereHost(slurm.environment)
    session = Session(settings, host, await answering_slurm(host))
    yield session
    await session.cluster.cancel([job.id for job in await session.cluster.jobs() if not job.state.is_over])


async def training(session: Session, until: Until) -> Run:
    """The run, once its trainer has saved something."""

    async def look() -> Run | None:
        run = await session.runs.find("first")
        return run if run.has_best else None

    return await until(look, seconds=90, what="first trains")  # type: ignore[no-any-return]


def log(run: Run) -> str:
    return Path(str(run.log)).read_text()


async def waits(session: Session) -> bool:
    run = await session.runs.find("first")
    return run.job is not None and run.job.state is JobState.PENDING


async def test_a_job_comes_back_although_the_controller_is_away_when_it_asks(
    session: Session, slurm: Any, tmp_path: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETEND_END", "signal")
    await session.launcher.launch(plan(session))
    run = await training(session, until)
    with slurm.controller_down():
        os.kill(int((tmp_path / "shell").read_text()), signal.SIGUSR2)
        await until(lambda: "tries again" in log(run), seconds=60)
        assert "yogo-tui resume first" in log(run)
    await until(lambda: waits(session), seconds=60, what="the job is back in the queue")


async def test_a_job_whose_time_ends_while_the_controller_is_away_comes_back(
    session: Session, slurm: Any, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETEND_END", "signal")
    monkeypatch.setenv("PRETEND_SECONDS", "300")
    size = session.settings.size(1).model_copy(update={"hours": 1 / 60})
    await session.launcher.launch(plan(session, size=size))
    run = await training(session, until)
    assert run.job
    assert run.job.started_at
    over = run.job.started_at.timestamp() + 65
    with slurm.controller_down():
        await until(lambda: time.time() > over, seconds=70)
    await until(lambda: waits(session), seconds=100, what="the job is back in the queue")
    assert "DUE TO TIME LIMIT" in log(run)


async def test_a_job_that_is_cancelled_before_slurm_sees_that_its_node_is_lost_does_not_come_back(
    session: Session, slurm: Any, tmp_path: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not daemons.have_names_of_their_own():
        pytest.skip("only root can tell the daemons of one node from those of the other")
    monkeypatch.setenv("PRETEND_END", "signal")
    monkeypatch.setenv("PRETEND_SECONDS", "300")
    await session.launcher.launch(plan(session))
    run = await training(session, until)
    shell = (tmp_path / "shell").read_text().strip()
    assert run.job
    with slurm.node_lost(run.job.nodes, is_noticed=False):
        await session.jobs.cancel([run])
        os.kill(int(shell), signal.SIGUSR2)
        await until(lambda: not Path(f"/proc/{shell}").exists(), what="its shell has ended")
        assert "it does not go back into the queue" in log(run)
    await until(lambda: slurm.run("squeue", "-h", "-t", "CANCELLED", "-j", run.job.id), what="it stays cancelled")
