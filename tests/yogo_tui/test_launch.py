"""From a plan to a job and its run, on this machine's own cluster, with a trainer that only pretends."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from tests.yogo_tui.lab import SIZE, plan, seen, workspace
from yogo.definition import DatasetDefinition
from yogo.recipe import Recipe
from yogo.run.launch import Launch, Outcome
from yogo_tui.cluster.base import JobId
from yogo_tui.cluster.local import LocalCluster
from yogo_tui.errors import ClusterError, ClusterUnknown, HostError, LaunchError, TemplateError
from yogo_tui.hosts.here import HereHost
from yogo_tui.runs.model import RunState
from yogo_tui.session import Session


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[Session]:
    cluster = LocalCluster(tmp_path / "state", slots=1, kill_after_seconds=5)
    session = Session(workspace(tmp_path / "lab"), HereHost(), cluster)
    yield session
    await session.cluster.cancel([job.id for job in await cluster.jobs() if not job.state.is_over])
    async with asyncio.timeout(30):
        while any(not job.state.is_over for job in await cluster.jobs()):
            await asyncio.sleep(0.05)


async def test_a_launch_becomes_a_job_and_the_job_a_finished_run(session: Session) -> None:
    launched = await session.launcher.launch(plan(session))
    run = await seen(session, "first", RunState.FINISHED, RunState.FAILED)
    assert run.state is RunState.FINISHED, (run.why, run.log and Path(run.log).read_text())
    assert run.job
    assert run.job.id == launched.job_id
    assert run.has_best
    assert run.progress
    assert (run.progress.epoch, run.progress.epochs) == (2, 2)
    assert run.log == launched.directory / f"first-{launched.job_id}.log"
    recorded = Launch.read(Path(launched.directory) / "launch.json")
    assert recorded.submission
    assert recorded.submission.outcome is Outcome.SUBMITTED
    assert recorded.definition_sha256 == DatasetDefinition.from_yaml(recorded.definition).sha256
    script = (Path(launched.directory) / "job.sbatch").read_text()
    assert script == (await session.launcher.render(plan(session))).replace("shown-at-launch", recorded.token)


async def test_a_fine_tune_is_queued_behind_a_run_that_has_not_finished(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETEND_SECONDS", "0.5")
    await session.launcher.launch(plan(session, recipe=Recipe(epochs=2, model="half_filters", normalize_images=True)))
    parent = await session.planner.parent_of(await session.runs.find("first"))
    definition = session.settings.workspace_folder / "dataset_defs/cells.yml"
    second = await session.planner.finetune(
        parent, definition=definition, recipe=Recipe(epochs=3), size=SIZE, name="second"
    )
    assert second.after is not None
    assert (second.recipe.model, second.recipe.normalize_images, second.recipe.epochs) == ("half_filters", True, 3)
    await session.launcher.launch(second)
    waiting = await session.runs.find("second")
    assert waiting.state is RunState.WAITING
    run = await seen(session, "second", RunState.FINISHED, RunState.FAILED)
    assert run.state is RunState.FINISHED, (run.why, run.log and Path(run.log).read_text())
    assert run.manifest
    assert run.manifest.pretrained == str(session.runs.folder / "first/best.pth")


async def test_no_fine_tune_waits_for_a_job_of_another_cluster(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETEND_END", "signal")
    await session.launcher.launch(plan(session))
    run = await seen(session, "first", RunState.RUNNING)
    assert run.launch
    elsewhere = run.launch.submissions[0].model_copy(update={"cluster": "lab"})
    launch = run.launch.model_copy(update={"submissions": (elsewhere,)})
    with pytest.raises(LaunchError, match="submitted to the cluster lab"):
        await session.planner.parent_of(replace(run, launch=launch, job=None))


async def test_a_fine_tune_does_not_train_once_its_parents_weights_have_changed(session: Session) -> None:
    await session.launcher.launch(plan(session))
    parent = await session.planner.parent_of(await seen(session, "first", RunState.FINISHED))
    assert parent.parent.sha256
    assert parent.after is None
    definition = session.settings.workspace_folder / "dataset_defs/cells.yml"
    second = await session.planner.finetune(parent, definition=definition, recipe=Recipe(), size=SIZE, name="second")
    with (session.runs.folder / "first/best.pth").open("ab") as file:
        file.write(b"changed")
    await session.launcher.launch(second)
    run = await seen(session, "second", RunState.FINISHED, RunState.FAILED)
    assert run.state is RunState.FAILED
    assert run.manifest is None
    assert run.log
    assert "digest" in Path(run.log).read_text()
    with pytest.raises(LaunchError, match="digest"):
        await session.planner.parent_of(await session.runs.find("first"))


async def test_other_classes_are_refused_with_both_lists(session: Session) -> None:
    await session.launcher.launch(plan(session))
    parent = await session.planner.parent_of(await seen(session, "first", RunState.FINISHED))
    others = session.settings.workspace_folder / "dataset_defs/others.yml"
    with pytest.raises(LaunchError, match=r"knows a, b; .*others.yml names a, c.* --reset-head"):
        await session.planner.finetune(parent, definition=others, recipe=Recipe(), size=SIZE)


async def test_other_classes_are_trained_on_with_new_class_outputs_where_it_is_asked_for(session: Session) -> None:
    await session.launcher.launch(plan(session))
    parent = await session.planner.parent_of(await seen(session, "first", RunState.FINISHED))
    others = session.settings.workspace_folder / "dataset_defs/others.yml"
    second = await session.planner.finetune(
        parent, definition=others, recipe=Recipe(), size=SIZE, name="second", reset_head=True
    )
    launched = await session.launcher.launch(second)
    assert launched.launch.reset_head
    run = await seen(session, "second", RunState.FINISHED, RunState.FAILED)
    assert run.state is RunState.FINISHED
    assert run.launch is not None
    assert run.launch.reset_head
    assert run.log
    assert "/first/best.pth --reset-head --name second" in Path(run.log).read_text()


async def test_a_run_that_never_finished_is_no_parent(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRETEND_END", "failed")
    await session.launcher.launch(plan(session))
    run = await seen(session, "first", RunState.FAILED)
    assert run.why == "the loss was not finite"
    with pytest.raises(LaunchError, match="the loss was not finite"):
        await session.planner.parent_of(run)


async def test_a_killed_trainer_leaves_a_failed_run_and_a_stuck_one_behind_it(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETEND_END", "killed")
    monkeypatch.setenv("PRETEND_SECONDS", "0.5")
    await session.launcher.launch(plan(session))
    parent = await session.planner.parent_of(await session.runs.find("first"))
    definition = session.settings.workspace_folder / "dataset_defs/cells.yml"
    await session.launcher.launch(
        await session.planner.finetune(parent, definition=definition, recipe=Recipe(), size=SIZE, name="second")
    )
    first = await seen(session, "first", RunState.FAILED)
    assert "it was killed, perhaps because the memory was full" in first.why
    second = await seen(session, "second", RunState.FAILED)
    assert "can never start" in second.why
    await session.jobs.cancel([second])
    assert (await seen(session, "second", RunState.CANCELLED)).result is None


async def test_a_cancelled_run_is_not_queued_again(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRETEND_END", "signal")
    await session.launcher.launch(plan(session))
    await session.jobs.cancel([await seen(session, "first", RunState.RUNNING)])
    run = await seen(session, "first", RunState.CANCELLED, RunState.FAILED)
    assert run.state is RunState.CANCELLED
    assert run.launch
    assert run.launch.submission
    assert run.launch.submission.cancelled_at


async def test_a_run_whose_time_is_up_comes_back_and_resumes(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRETEND_END", "signal")
    short = SIZE.model_copy(update={"hours": 4 / 3600})
    await session.launcher.launch(plan(session, size=short))
    run = await seen(session, "first", RunState.FINISHED, RunState.FAILED)
    log = Path(run.log or "").read_text()
    assert run.state is RunState.FINISHED, (run.why, log)
    assert "asked to stop by USR2" in log
    assert "resuming train --resume" in log


async def test_a_name_is_given_once(session: Session) -> None:
    await session.launcher.launch(plan(session))
    with pytest.raises(LaunchError, match="There is already a run named first"):
        await session.launcher.launch(plan(session))


async def test_nothing_is_left_of_a_launch_that_cannot_be_rendered(session: Session) -> None:
    size = SIZE.model_copy(update={"template": "none.sbatch"})
    with pytest.raises(TemplateError, match=r"no script template none\.sbatch"):
        await session.launcher.launch(plan(session, size=size))
    with pytest.raises(LaunchError, match="There is no dataset definition"):
        await session.launcher.launch(plan(session, definition=PurePosixPath("/none.yml")))
    with pytest.raises(LaunchError, match="cannot name a run"):
        await session.launcher.launch(plan(session, name="a b"))
    assert (await session.runs.look()).runs == ()


class DeafCluster(LocalCluster):
    """Takes a job, and says so to nobody; or refuses it."""

    refusal = ""

    async def submit(self, script: PurePosixPath, *, after: JobId | None = None) -> JobId:
        if self.refusal:
            raise ClusterError(self.refusal)
        await super().submit(script, after=after)
        raise ClusterUnknown("Socket timed out on send/recv operation")


async def test_a_submission_without_an_answer_is_found_by_its_name(tmp_path: Path) -> None:
    session = Session(workspace(tmp_path / "lab"), HereHost(), DeafCluster(tmp_path / "state"))
    launched = await session.launcher.launch(plan(session))
    assert launched.job_id is not None
    assert launched.notice == ""
    assert (await seen(session, "first", RunState.FINISHED)).job


async def test_a_refused_launch_leaves_a_run_that_says_so(tmp_path: Path) -> None:
    cluster = DeafCluster(tmp_path / "state")
    cluster.refusal = "Invalid account or account/partition combination specified"
    session = Session(workspace(tmp_path / "lab"), HereHost(), cluster)
    with pytest.raises(ClusterError, match="Invalid account"):
        await session.launcher.launch(plan(session))
    (run,) = (await session.runs.look()).runs
    assert run.state is RunState.FAILED
    assert "Invalid account" in run.why


async def test_an_intent_that_was_never_answered_is_shown_as_unknown(session: Session) -> None:
    await session.launcher.launch(plan(session))
    await seen(session, "first", RunState.FINISHED)
    lost = session.runs.folder / "lost"
    lost.mkdir()
    told = json.loads((session.runs.folder / "first/launch.json").read_text())
    told |= {"name": "lost", "token": "other"}
    told["submissions"] = [{"cluster": "local", "outcome": "intended"}]
    (lost / "launch.json").write_text(json.dumps(told))
    run = await session.runs.find("lost")
    assert run.state is RunState.UNKNOWN
    assert "it is not known whether it was queued" in run.why


async def test_a_launch_that_was_cut_off_is_found_by_a_later_look(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETEND_END", "signal")
    launched = await session.launcher.launch(plan(session))
    await seen(session, "first", RunState.RUNNING)
    file = session.runs.folder / "first/launch.json"
    intent = launched.launch.submissions[0].model_copy(update={"outcome": Outcome.INTENDED, "job_id": None})
    launched.launch.model_copy(update={"submissions": (intent,)}).write(file)
    assert (await session.runs.find("first")).state is RunState.RUNNING
    submission = Launch.read(file).submission
    assert submission
    assert (submission.outcome, submission.job_id) == (Outcome.SUBMITTED, launched.job_id)


async def test_a_launch_of_a_newer_yogo_is_found_and_its_file_left_as_it_is(session: Session) -> None:
    await session.launcher.launch(plan(session))
    await seen(session, "first", RunState.FINISHED)
    (session.runs.folder / "first/result.json").unlink()
    file = session.runs.folder / "first/launch.json"
    told = json.loads(file.read_text()) | {"schema_version": 2}
    told["submissions"] = [{"cluster": "local", "outcome": "unknown"}]
    file.write_text(json.dumps(told))
    assert (await session.runs.find("first")).job
    assert json.loads(file.read_text()) == told


class FullHost(HereHost):
    """This machine, with a disk that has room for scripts only."""

    async def write(self, path: PurePosixPath, data: bytes) -> None:
        if path.suffix == ".json":
            raise HostError(f"{path} cannot be written: No space left on device.")
        await super().write(path, data)


async def test_a_full_disk_leaves_no_half_a_run(tmp_path: Path) -> None:
    session = Session(workspace(tmp_path / "lab"), FullHost(), LocalCluster(tmp_path / "state"))
    with pytest.raises(HostError, match="No space left"):
        await session.launcher.launch(plan(session))
    assert not (session.runs.folder / "first").exists()
    assert await session.cluster.jobs() == ()


async def test_a_full_disk_hides_no_run_whose_launch_is_found_meanwhile(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETEND_END", "signal")
    launched = await session.launcher.launch(plan(session))
    await seen(session, "first", RunState.RUNNING)
    intent = launched.launch.submissions[0].model_copy(update={"outcome": Outcome.INTENDED, "job_id": None})
    launched.launch.model_copy(update={"submissions": (intent,)}).write(session.runs.folder / "first/launch.json")
    (run,) = (await Session(session.settings, FullHost(), session.cluster).runs.look()).runs
    assert run.state is RunState.RUNNING


async def test_a_full_disk_does_not_turn_a_cancel_into_an_error(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETEND_END", "signal")
    await session.launcher.launch(plan(session))
    run = await seen(session, "first", RunState.RUNNING)
    await Session(session.settings, FullHost(), session.cluster).jobs.cancel([run])
    assert await seen(session, "first", RunState.CANCELLED)


async def test_an_unknown_name_is_answered_with_the_nearest(session: Session) -> None:
    await session.launcher.launch(plan(session))
    with pytest.raises(LaunchError, match='Did you mean "first"'):
        await session.runs.find("fist")
    by_path = await session.runs.find(os.fspath(session.runs.folder / "first"))
    assert by_path.name == "first"


async def test_the_curves_end_with_the_run(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRETEND_SECONDS", "0.5")
    await session.launcher.launch(plan(session))
    run = await session.runs.find("first")
    async with asyncio.timeout(60):
        histories = [history async for history in session.runs.follow(run)]
    assert [step.losses.loss for step in histories[-1].steps] == [10, 5, 10 / 3, 2.5]


async def test_a_script_is_checked_by_bash(session: Session) -> None:
    script = await session.launcher.render(plan(session))
    assert await session.launcher.proofread(script) == ()
    assert await session.launcher.proofread(f"{script}echo $NOWHERE_SET\n") == (
        f"line {script.count(chr(10)) + 1} uses NOWHERE_SET, which neither the script nor your login sets",
    )
