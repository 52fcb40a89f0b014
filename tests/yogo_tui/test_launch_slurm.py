"""The same launches, chains and cancels through a real Slurm, with the shipped scripts of every size."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.yogo_tui.lab import answering_slurm
from yogo.recipe import Recipe
from yogo.run.launch import Kind, Parent
from yogo_tui.cluster.slurm import SlurmCluster
from yogo_tui.errors import ClusterError
from yogo_tui.hosts.here import HereHost
from yogo_tui.launch.plan import LaunchPlan
from yogo_tui.runs.model import Run, RunState
from yogo_tui.session import Session
from yogo_tui.settings import Settings

pytestmark = pytest.mark.slurm

PRETEND = Path(__file__).with_name("pretend_yogo.py")
Until = Callable[..., Awaitable[Any]]


@pytest.fixture
async def session(slurm: Any, tmp_path: Path) -> AsyncIterator[Session]:
    data = tmp_path / "lab" / "dataset_defs"
    for name in ("images", "labels"):
        (data / name).mkdir(parents=True)
    (data / "labels" / "one.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (data / "images" / "one.png").write_bytes(b"")
    (data / "cells.yml").write_text(
        "class_names: [a, b]\ndataset_paths:\n  all: {image_path: images, label_path: labels}\n"
    )
    settings = Settings(workspace=tmp_path / "lab", yogo_command=f"{sys.executable} {PRETEND}", poll_seconds=0.5)
    host = HereHost(slurm.environment)
    session = Session(settings, host, await answering_slurm(host))
    yield session
    await session.cluster.cancel([job.id for job in await session.cluster.jobs() if not job.state.is_over])


def plan(session: Session, name: str, gpus: int = 1, **changes: Any) -> LaunchPlan:
    definition = PurePosixPath(session.settings.workspace_folder / "dataset_defs/cells.yml")
    made = LaunchPlan(name, Kind.PRETRAIN, definition, Recipe(epochs=2), session.settings.size(gpus))
    return replace(made, **changes)


async def ended(session: Session, until: Until, name: str) -> Run:
    async def look() -> Run | None:
        run = await session.runs.find(name)
        return run if run.state.is_over else None

    return await until(look, seconds=90, what=f"{name} has ended")  # type: ignore[no-any-return]


async def test_the_scripts_of_all_sizes_run_under_slurm(session: Session, until: Until) -> None:
    for gpus in (1, 2, 4):
        await session.launcher.launch(plan(session, f"on-{gpus}", gpus))
    for gpus in (1, 2, 4):
        run = await ended(session, until, f"on-{gpus}")
        log = Path(run.log or "").read_text()
        assert run.state is RunState.FINISHED, (run.why, log)
        assert f"--processes {gpus} " in log
        assert run.job
        assert run.job.num_gpus == gpus


async def test_slurm_is_asked_for_all_that_a_size_says(session: Session, until: Until) -> None:
    asks = {"memory_gib": 1.5, "sbatch": ("--nice=7", "--mail-type=NONE # no mail"), "partition": "gpu"}
    size = session.settings.size(1).model_copy(update=asks)
    launched = await session.launcher.launch(plan(session, "asks", size=size))
    assert launched.job_id
    shown = (await session.host.run(["scontrol", "show", "job", launched.job_id])).stdout
    assert re.search(r"MinMemoryNode=(1536M|1\.50?G)\b", shown), shown
    assert "Nice=7" in shown
    run = await ended(session, until, "asks")
    assert run.launch
    assert (run.launch.size.memory_gib, run.launch.size.partition) == (1.5, "gpu")


async def test_a_fine_tune_waits_for_its_parent_and_verifies_it(
    session: Session, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETEND_SECONDS", "2")
    await session.launcher.launch(plan(session, "first"))
    parent = await session.planner.parent_of(await session.runs.find("first"))
    definition = session.settings.workspace_folder / "dataset_defs/cells.yml"
    second = await session.planner.finetune(
        parent, definition=definition, recipe=Recipe(epochs=2), size=session.settings.size(2), name="second"
    )
    await session.launcher.launch(second)
    assert (await session.runs.find("second")).state is RunState.WAITING
    run = await ended(session, until, "second")
    assert run.state is RunState.FINISHED, (run.why, Path(run.log or "").read_text())
    assert "trained_models/first finished; best.pth is as it was written" in Path(run.log or "").read_text()


async def test_a_fine_tune_whose_dependency_was_dropped_reads_the_receipt(
    session: Session, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slurm drops `afterok` on a job that it has forgotten, and starts the child: as if it had none."""
    monkeypatch.setenv("PRETEND_END", "failed")
    await session.launcher.launch(plan(session, "first"))
    await ended(session, until, "first")
    monkeypatch.setenv("PRETEND_END", "finished")
    folder = session.runs.folder / "first"
    parent = Parent(checkpoint=str(folder / "best.pth"), run=str(folder))
    await session.launcher.launch(plan(session, "second", parent=parent))
    run = await ended(session, until, "second")
    assert run.state is RunState.FAILED
    log = Path(run.log or "").read_text()
    assert "the loss was not finite" in log
    assert "training" not in log


async def test_a_parents_failure_and_a_cancel_are_told(
    session: Session, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETEND_END", "signal")
    await session.launcher.launch(plan(session, "first"))
    definition = session.settings.workspace_folder / "dataset_defs/cells.yml"
    parent = await session.planner.parent_of(await session.runs.find("first"))
    await session.launcher.launch(
        await session.planner.finetune(
            parent, definition=definition, recipe=Recipe(), size=session.settings.size(1), name="second"
        )
    )

    async def training() -> bool:
        run = await session.runs.find("first")
        return run.manifest is not None

    await until(training, seconds=60, what="first trains")
    await session.jobs.cancel([await session.runs.find("first")])
    first = await ended(session, until, "first")
    assert first.state is RunState.CANCELLED
    assert "asked to stop by TERM" in Path(first.log or "").read_text()
    second = await ended(session, until, "second")
    assert second.state is RunState.FAILED
    assert "can never start" in second.why
    assert second.can_cancel


async def test_a_refusal_is_slurms_own_words(session: Session) -> None:
    wrong = Session(session.settings.model_copy(update={"partition": "nowhere"}), session.host, session.cluster)
    with pytest.raises(ClusterError, match="invalid partition"):
        await wrong.launcher.launch(plan(session, "first"))
    run = await session.runs.find("first")
    assert run.state is RunState.FAILED
    assert "invalid partition" in run.why


async def test_the_sizes_are_estimated_before_they_are_launched(session: Session) -> None:
    for gpus in (1, 4, 8):
        estimate = await session.launcher.estimate(plan(session, "first", gpus))
        assert estimate.no_later_than, estimate.detail
    resources = await session.launcher.resources(session.settings.sizes[0])
    assert (resources.total_gpus, resources.gpus_of_nodes, resources.max_nodes) == (8, (4, 4), None)
    assert not (session.runs.folder / "first").exists()


async def test_a_console_opened_while_slurm_is_down_shows_the_runs_and_the_truth_once_it_is_back(
    session: Session, slurm: Any, until: Until
) -> None:
    await session.launcher.launch(plan(session, "first"))
    reopened = Session(session.settings, session.host, SlurmCluster(session.host))
    with slurm.controller_down():
        seen = await reopened.runs.look()
        (run,) = seen.runs
        assert run.name == "first"
        assert "Slurm does not answer" in seen.queue.stale
        assert run.state is RunState.FINISHED or "Slurm does not answer" in run.why
        with pytest.raises(ClusterError, match="Slurm does not answer"):
            await reopened.launcher.launch(plan(reopened, "second"))
        assert not (reopened.runs.folder / "second").exists()
    assert (await ended(reopened, until, "first")).state is RunState.FINISHED


async def test_a_cancelled_run_goes_on_as_one_more_job_and_a_fine_tune_waits_for_that(
    session: Session, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETEND_END", "signal")
    await session.launcher.launch(plan(session, "first"))

    async def saved() -> bool:
        return (await session.runs.find("first")).has_best

    await until(saved, seconds=60, what="first trains")
    await session.jobs.cancel([await session.runs.find("first")])
    stopped = await ended(session, until, "first")
    assert stopped.state is RunState.CANCELLED
    monkeypatch.setenv("PRETEND_END", "finished")
    monkeypatch.setenv("PRETEND_SECONDS", "2")
    resumed = await session.jobs.resume(stopped)
    parent = await session.planner.parent_of(await session.runs.find("first"))
    assert parent.after == resumed.job_id
    definition = session.settings.workspace_folder / "dataset_defs/cells.yml"
    size = session.settings.size(1)
    await session.launcher.launch(
        await session.planner.finetune(parent, definition=definition, recipe=Recipe(epochs=2), size=size, name="second")
    )
    for name in ("first", "second"):
        run = await ended(session, until, name)
        assert run.state is RunState.FINISHED, (run.why, Path(run.log or "").read_text())
    assert "resuming train --resume" in Path((await session.runs.find("first")).log or "").read_text()
