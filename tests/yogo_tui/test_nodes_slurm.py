"""A size of two nodes on a real Slurm of two, with the real trainer: it trains, goes on after a requeue, and ends."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.slurm import daemons
from tests.yogo.training.tiny import write_dataset
from tests.yogo_tui.lab import answering_slurm
from yogo.recipe import Recipe
from yogo.run.directory import RunDirectory
from yogo.run.launch import Kind
from yogo.run.result import verify
from yogo_tui.hosts.here import HereHost
from yogo_tui.launch.plan import LaunchPlan
from yogo_tui.runs.model import Run, RunState
from yogo_tui.session import Session
from yogo_tui.settings import Settings, SizePreset

pytestmark = pytest.mark.slurm

SIZE = SizePreset(gpus=2, cpus=2, hours=1, nodes=2, template="2nodes.sbatch", name="2nodes")
Until = Callable[..., Awaitable[Any]]


@pytest.fixture
async def session(slurm: Any, tmp_path: Path) -> AsyncIterator[Session]:
    write_dataset(tmp_path / "lab" / "dataset_defs")
    settings = Settings(
        workspace=tmp_path / "lab",
        yogo_command=f"{sys.executable} -m yogo",
        wandb="disabled",
        setup=(f"echo $$ > {tmp_path}/shell",),
        sizes=(SIZE,),
    )
    host = HereHost(slurm.environment)
    session = Session(settings, host, await answering_slurm(host))
    yield session
    await session.cluster.cancel([job.id for job in await session.cluster.jobs() if not job.state.is_over])


async def launched(session: Session, until: Until, *, epochs: int) -> Run:
    """The run, once it has saved something."""
    recipe = Recipe(epochs=epochs, batch_size=3, model="quarter_filters", image_hw=(64, 64), precision="fp32")
    definition = PurePosixPath(session.settings.workspace_folder / "dataset_defs/definition.yml")
    await session.launcher.launch(LaunchPlan("both", Kind.TRAIN, definition, recipe, SIZE))

    async def saved() -> Run | None:
        run = await session.runs.find("both")
        assert not run.state.is_over, (run.why, log(run))
        return run if run.has_best else None

    return await until(saved, seconds=120, what="both train")  # type: ignore[no-any-return]


def log(run: Run) -> str:
    return Path(run.log).read_text() if run.log else ""


async def ended(session: Session, until: Until) -> Run:
    async def look() -> Run | None:
        run = await session.runs.find("both")
        return run if run.state.is_over else None

    return await until(look, seconds=120, what="both have ended")  # type: ignore[no-any-return]


async def test_a_run_on_two_nodes_saves_at_the_warning_and_goes_on_after_the_requeue(
    session: Session, slurm: Any, tmp_path: Path, until: Until
) -> None:
    run = await launched(session, until, epochs=40)
    assert run.job
    assert (run.job.num_gpus, run.job.nodes) == (2, "gpu[1-2]")
    os.kill(int((tmp_path / "shell").read_text()), signal.SIGUSR2)
    await until(lambda: "The job goes back into the queue" in log(run), seconds=60)
    await until(lambda: slurm.run("squeue", "-h", "-t", "PENDING", "-j", run.job.id), seconds=60)
    # A node refuses a job that it has ended in this second: Slurm would wait for two minutes.
    over = time.time() + 2
    await until(lambda: time.time() > over)
    slurm.run("scontrol", "update", f"jobid={run.job.id}", "starttime=now")
    run = await ended(session, until)
    assert run.state is RunState.FINISHED, (run.why, log(run))
    assert run.manifest
    assert (run.manifest.attempt, run.manifest.world_size) == (1, 2)
    if daemons.have_names_of_their_own():
        assert run.manifest.hosts == ("gpu1", "gpu2")
    verify(RunDirectory(session.settings.own_runs_folder / "both"))


def tasks(job: str) -> dict[str, int]:
    """The processes that srun has started for a job, by their ranks."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            lines = (process / "environ").read_text(errors="replace").split("\0")
            values = dict(line.split("=", 1) for line in lines if line.startswith("SLURM_"))
            if values.get("SLURM_JOB_ID") == job and "SLURM_STEP_LAUNCHER_PORT" in values:
                found[values["SLURM_PROCID"]] = int(process.name)
    return found


async def test_a_process_that_dies_ends_the_others_and_a_cancel_ends_all(
    session: Session, slurm: Any, until: Until
) -> None:
    run = await launched(session, until, epochs=5000)
    assert run.job
    os.kill(tasks(run.job.id)["1"], signal.SIGKILL)
    run = await ended(session, until)
    assert run.state is RunState.FAILED
    assert "another process of the run was killed or lost" in log(run)
    assert "Traceback" not in log(run)
    resumed = await session.jobs.resume(run)
    assert resumed.job_id

    async def goes_on() -> Run | None:
        run = await session.runs.find("both")
        return run if run.state is RunState.RUNNING and run.manifest and run.manifest.attempt == 1 else None

    run = await until(goes_on, seconds=120, what="both train again")
    await session.jobs.cancel([run])
    assert (await ended(session, until)).state is RunState.CANCELLED
    await until(lambda: not tasks(resumed.job_id), what="no process is left")
