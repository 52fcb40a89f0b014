"""Sweeps: planned, submitted as one array, continued, added to and stopped, each trial a run like any other."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.yogo_tui.lab import SIZE, plan, workspace
from yogo.recipe import Recipe
from yogo.run.directory import RunDirectory
from yogo.run.launch import Kind, Launch, Outcome, SearchedField, Submission, ValueSearch
from yogo_tui.cluster.local import LocalCluster
from yogo_tui.errors import ClusterError, ClusterUnknown, LaunchError
from yogo_tui.hosts.base import Question
from yogo_tui.hosts.here import HereHost
from yogo_tui.runs import watcher
from yogo_tui.runs.model import Run, RunState
from yogo_tui.session import Session
from yogo_tui.session.sweeps import PlannedSweep, to_stop
from yogo_tui.settings import PinnedSettings, Settings
from yogo_tui.sweeps.board import board_of
from yogo_tui.sweeps.questions import PrepareArray, ReadSweeps, RecordArray, TrialFiles
from yogo_tui.sweeps.record import ArraySubmission, Sweep, Trial
from yogo_tui.sweeps.space import UnfitSpace

Until = Callable[..., Awaitable[Any]]


def of_sweeps(folder: Path) -> list[Question[Any]]:
    """Each of the questions, which leaves the same when it is asked twice."""
    settings = Settings(workspace=folder / "swept", sizes=(SIZE,))
    at = datetime(2026, 11, 27, tzinfo=UTC)
    fields = (SearchedField(field="learning_rate", low=1e-5, high=1e-2, is_logarithmic=True),)
    search = ValueSearch(folder=str(folder / "study"), fields=fields, prunes=True)
    sweep = made_sweep(folder, 2).with_submission(ArraySubmission(token="t0ken-", indexes=(0, 1), at=at))
    sweep = sweep.model_copy(update={"search": search})
    files = []
    for trial in sweep.trials:
        recipe = sweep.recipe_of(trial)
        launch = Launch(
            name=sweep.name_of(trial.index),
            kind=Kind.TRAIN,
            token=f"t0ken-{trial.index}",
            created_at=at,
            definition=sweep.definition,
            recipe=recipe,
            size=SIZE,
            sweep=sweep.name,
            search=search,
            submissions=(Submission(cluster="local", outcome=Outcome.INTENDED, at=at, array=sweep.name, host="lab"),),
        )
        files.append(TrialFiles(trial.index, plan_of(sweep, trial), launch, is_new=True))
    return [
        PrepareArray(PinnedSettings.of(settings), sweep, tuple(files)),
        RecordArray(settings.own_runs_folder, sweep, Outcome.SUBMITTED, array="7", at=at),
        ReadSweeps(settings.own_runs_folder),
    ]


def made_sweep(folder: Path, number: int) -> Sweep:
    return Sweep(
        name="rates",
        created_at=datetime(2026, 11, 27, tzinfo=UTC),
        kind=Kind.TRAIN,
        definition=str(folder / "cells.yml"),
        recipe=Recipe(epochs=2),
        size=SIZE,
        space=("learning_rate=1e-4,1e-3",),
        throttle=1,
        trials=tuple(Trial(index=place, values={"learning_rate": 10.0 ** (place - 4)}) for place in range(number)),
    )


def plan_of(sweep: Sweep, trial: Trial) -> Any:
    from yogo_tui.launch.plan import LaunchPlan

    name, recipe = sweep.name_of(trial.index), sweep.recipe_of(trial)
    return LaunchPlan(name, sweep.kind, PurePosixPath(sweep.definition), recipe, sweep.size, search=sweep.search)


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[Session]:
    cluster = LocalCluster(tmp_path / "state", slots=4, kill_after_seconds=2.0)
    session = Session(workspace(tmp_path / "lab"), HereHost(), cluster)
    yield session
    await cluster.cancel([job.id for job in await cluster.jobs() if not job.state.is_over])


async def planned(session: Session, *texts: str, **options: Any) -> PlannedSweep:
    return await session.sweeps.plan(plan(session, "rates"), texts, (await session.runs.look()).runs, **options)


async def trials(session: Session) -> dict[str, RunState]:
    seen = (await session.runs.look()).runs
    return {run.name: run.state for run in sorted(seen, key=lambda run: run.name)}


async def runs_of(session: Session) -> Sequence[Run]:
    return (await session.runs.look()).runs


def launch_of(session: Session, name: str) -> Launch:
    return Launch.read(RunDirectory(session.settings.own_runs_folder / name).launch)


async def test_a_sweep_is_one_array_whose_trials_are_runs(session: Session, until: Until) -> None:
    found = await planned(session, "lr=1e-4,1e-3", "seed=0..1", throttle=2)
    how = "at most 4 GPU hours, by the jobs' time limit, as no earlier run like these tells the pace"
    assert found.words == f"4 trials, at most 2 at a time: {how}"
    assert not session.settings.own_runs_folder.exists()
    submitted = await session.sweeps.submit(found)
    assert (submitted.array, submitted.notice) == ("1", "")
    names = [f"rates-0{index}" for index in range(4)]
    await until(lambda: all_are(session, names, RunState.FINISHED), seconds=60)
    for index, name in enumerate(names):
        launch = launch_of(session, name)
        assert (launch.sweep, launch.submissions[-1].job_id) == ("rates", f"1_{index}")
        run = RunDirectory(session.settings.own_runs_folder / name)
        assert run.log(f"1_{index}").read_text().startswith("training")
        assert f"--learning-rate {launch.recipe.learning_rate}" in run.log(f"1_{index}").read_text()
    assert {launch_of(session, name).recipe.seed for name in names} == {0, 1}


async def all_are(session: Session, names: Sequence[str], *states: RunState) -> bool:
    found = await trials(session)
    return all(found.get(name) in states for name in names)


async def test_the_script_of_the_array_asks_for_what_a_trial_asks_for(session: Session) -> None:
    await session.sweeps.submit(await planned(session, "lr=1e-4,1e-3"))
    runs = session.settings.own_runs_folder
    text = (runs / ".sweeps/rates/array-1.sbatch").read_text()
    head = [line for line in text.splitlines() if line.startswith("#SBATCH")]
    assert "#SBATCH --job-name=rates" in head
    assert "#SBATCH --array=0-1%2" in head
    assert f"#SBATCH --output={runs}/rates-%2a/rates-%2a-%A_%a.log" in head
    assert [line for line in head if "comment" in line] == [head[-2]]
    assert re.fullmatch(r"#SBATCH --comment=yogo:[0-9a-f]{16}-", head[-2])
    assert "#SBATCH --time=01:00:00" in head
    assert "#SBATCH --requeue" in head
    assert f"    1) exec bash {runs}/rates-01/job.sbatch ;;" in text


async def test_a_sweep_that_was_killed_before_it_was_submitted_is_continued_and_nothing_is_doubled(
    session: Session, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    found = await planned(session, "lr=1e-4,1e-3")

    class Killed(Exception):
        pass

    async def killed(*_: Any, **__: Any) -> Any:
        raise Killed

    submit = session.cluster.submit
    session.cluster.submit = killed  # type: ignore[method-assign]
    with pytest.raises(Killed):
        await session.sweeps.submit(found)
    session.cluster.submit = submit  # type: ignore[method-assign]
    sweep = await session.sweeps.find("rates")
    with pytest.raises(LaunchError, match=r"rates-00 and rates-01 have a job\..*known after 5 minutes"):
        await session.sweeps.rest(sweep, await runs_of(session))
    make_old(session)
    # Each look asks again for their jobs, in place of one a minute.
    monkeypatch.setattr(watcher, "_ASK_AGAIN_SECONDS", 0.0)
    await until(lambda: all_are(session, ["rates-00", "rates-01"], RunState.FAILED), seconds=60)
    rest = await session.sweeps.rest(sweep, await runs_of(session))
    assert [one.plan.name for one in rest.trials] == ["rates-00", "rates-01"]
    await session.sweeps.submit(rest)
    await until(lambda: all_are(session, ["rates-00", "rates-01"], RunState.FINISHED), seconds=60)
    assert len(await session.cluster.jobs()) == 2


def make_old(session: Session) -> None:
    """The launches were recorded long ago, as far as the disk knows."""
    import os

    for path in session.settings.own_runs_folder.glob("*/launch.json"):
        os.utime(path, (0, 0))


async def test_a_trial_without_a_folder_is_submitted_and_what_has_finished_is_not_repeated(
    session: Session, until: Until
) -> None:
    import shutil

    await session.sweeps.submit(await planned(session, "lr=1e-4,1e-3,1e-2"))
    names = ["rates-00", "rates-01", "rates-02"]
    await until(lambda: all_are(session, names, RunState.FINISHED), seconds=60)
    shutil.rmtree(session.settings.own_runs_folder / "rates-01")
    sweep = await session.sweeps.find("rates")
    rest = await session.sweeps.rest(sweep, await runs_of(session))
    assert [one.plan.name for one in rest.trials] == ["rates-01"]
    submitted = await session.sweeps.submit(rest)
    assert "#SBATCH --array=1%1" in (session.settings.own_runs_folder / ".sweeps/rates/array-2.sbatch").read_text()
    await until(lambda: all_are(session, names, RunState.FINISHED), seconds=60)
    with pytest.raises(LaunchError, match=r"No trial of rates is left to submit\."):
        await session.sweeps.rest(submitted.sweep, await runs_of(session))


async def test_what_waits_is_stopped_and_goes_on_later_where_it_stopped(
    session: Session, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETEND_SECONDS", "60")
    await session.sweeps.submit(await planned(session, "lr=1e-4,1e-3,1e-2", throttle=1))
    await until(lambda: all_are(session, ["rates-00"], RunState.RUNNING))
    run = RunDirectory(session.settings.own_runs_folder / "rates-00")
    await until(run.last.exists)
    sweep = await session.sweeps.find("rates")
    seen = await runs_of(session)
    assert [run.name for run in to_stop(sweep, seen)] == ["rates-01", "rates-02"]
    assert len(to_stop(sweep, seen, with_running=True)) == 3
    await session.jobs.cancel(to_stop(sweep, seen, with_running=True))
    names = ["rates-00", "rates-01", "rates-02"]
    await until(lambda: all_are(session, names, RunState.CANCELLED))
    monkeypatch.delenv("PRETEND_SECONDS")
    rest = await session.sweeps.rest(sweep, await runs_of(session))
    assert [bool(one.resumed) for one in rest.trials] == [True, False, False]
    await session.sweeps.submit(rest)
    await until(lambda: all_are(session, names, RunState.FINISHED), seconds=60)
    (log,) = run.path.glob("rates-00-4_0.log")
    assert log.read_text().startswith("resuming")


async def test_failed_trials_are_repeated_only_where_that_is_asked_for(
    session: Session, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETEND_END", "failed")
    await session.sweeps.submit(await planned(session, "lr=1e-4,1e-3"))
    names = ["rates-00", "rates-01"]
    await until(lambda: all_are(session, names, RunState.FAILED), seconds=60)
    sweep = await session.sweeps.find("rates")
    with pytest.raises(LaunchError, match="2 trials failed and stay as they are: --failed repeats"):
        await session.sweeps.rest(sweep, await runs_of(session))
    rest = await session.sweeps.rest(sweep, await runs_of(session), with_failed=True)
    assert [one.plan.name for one in rest.trials] == names


async def test_added_values_go_with_all_others_and_the_indexes_go_on(session: Session, until: Until) -> None:
    await session.sweeps.submit(await planned(session, "lr=1e-4,1e-3", "seed=0..1"))
    sweep = await session.sweeps.find("rates")
    more = await session.sweeps.more(sweep, await runs_of(session), ["lr=1e-2,1e-3"])
    assert [(one.plan.name, one.plan.recipe.learning_rate, one.plan.recipe.seed) for one in more.trials] == [
        ("rates-04", 1e-2, 0),
        ("rates-05", 1e-2, 1),
    ]
    assert more.notes == ("2 trials are in the sweep already.",)
    submitted = await session.sweeps.submit(more)
    assert submitted.array == "5"
    await until(lambda: all_are(session, ["rates-04", "rates-05"], RunState.FINISHED), seconds=60)
    assert [one.indexes for one in (await session.sweeps.find("rates")).submissions] == [(0, 1, 2, 3), (4, 5)]
    with pytest.raises(LaunchError, match="rates has all of these trials already"):
        await session.sweeps.more(submitted.sweep, (), ["lr=1e-2"])


async def test_two_who_continue_at_one_time_do_not_submit_twice(session: Session, until: Until) -> None:
    await session.sweeps.submit(await planned(session, "lr=1e-4,1e-3"))
    sweep = await session.sweeps.find("rates")
    more = await session.sweeps.more(sweep, (), ["lr=1e-2"])
    await session.sweeps.submit(more)
    with pytest.raises(Exception, match="The sweep rates has just changed: look at it again"):
        await session.sweeps.submit(more)


async def test_a_name_that_is_taken_is_refused_before_anything_is_written(session: Session) -> None:
    await session.launcher.launch(plan(session, "rates-01"))
    found = await planned(session, "lr=1e-4,1e-3")
    with pytest.raises(Exception, match="There is already a run named rates-01"):
        await session.sweeps.submit(found)
    assert not (session.settings.own_runs_folder / "rates-00").exists()
    assert not (session.settings.own_runs_folder / ".sweeps/rates/sweep.json").exists()


async def test_a_refusal_is_recorded_and_the_sweep_can_be_continued(session: Session) -> None:
    found = await planned(session, "lr=1e-4,1e-3")

    async def refused(*_: Any, **__: Any) -> Any:
        raise ClusterError("Slurm did not take the job: invalid partition.")

    submit, session.cluster.submit = session.cluster.submit, refused  # type: ignore[method-assign]
    with pytest.raises(ClusterError, match=r"invalid partition\. The sweep is kept.*yogo-tui sweep continue rates"):
        await session.sweeps.submit(found)
    session.cluster.submit = submit  # type: ignore[method-assign]
    assert launch_of(session, "rates-01").submissions[-1].outcome is Outcome.REFUSED
    rest = await session.sweeps.rest(await session.sweeps.find("rates"), await runs_of(session))
    assert (await session.sweeps.submit(rest)).array is not None


async def test_an_array_that_was_queued_without_an_answer_is_found_again(session: Session, until: Until) -> None:
    found = await planned(session, "lr=1e-4,1e-3")
    submit = session.cluster.submit

    async def silent(*words: Any, **options: Any) -> Any:
        await submit(*words, **options)
        raise ClusterUnknown("the connection was lost")

    session.cluster.submit = silent  # type: ignore[method-assign]
    submitted = await session.sweeps.submit(found)
    assert submitted.array == "1"
    assert [launch_of(session, f"rates-0{index}").submissions[-1].job_id for index in (0, 1)] == ["1_0", "1_1"]
    await until(lambda: all_are(session, ["rates-00", "rates-01"], RunState.FINISHED), seconds=60)


async def test_what_the_weights_decide_cannot_be_varied(session: Session) -> None:
    from yogo.run.launch import Parent

    base = replace(plan(session, "rates"), parent=Parent(checkpoint="/a.pth", sha256="0" * 64))
    with pytest.raises(UnfitSpace, match="model cannot be varied for a fine-tune: the weights decide that"):
        await session.sweeps.plan(base, ["model=base_model,silu_model"], ())


def seen_run(sweep: Sweep, index: int, map50: float | None, loss: float | None = None) -> Run:
    from yogo_tui.runs.model import Progress

    trial = sweep.trials[index]
    launch = Launch(
        name=sweep.name_of(index),
        kind=Kind.TRAIN,
        token="t",
        definition=sweep.definition,
        recipe=sweep.recipe_of(trial),
        size=SIZE,
        sweep=sweep.name,
    )
    progress = Progress(2, 2, best_loss=loss) if loss is not None else None
    state = RunState.FINISHED if map50 is not None else RunState.RUNNING
    path = PurePosixPath("/lab") / sweep.name_of(index)
    return Run(name=sweep.name_of(index), state=state, path=path, launch=launch, map50=map50, progress=progress)


def swept(*values: dict[str, Any]) -> Sweep:
    return made_sweep(Path("/lab"), 0).with_trials(values)


def test_the_leaderboard_has_mean_and_spread_over_seeds_and_the_best_first() -> None:
    sweep = swept(*({"learning_rate": rate, "seed": seed} for rate in (1e-4, 1e-3) for seed in range(3)))
    scores = [0.5, 0.6, 0.7, 0.8, 0.9, None]
    board = board_of(sweep, [seen_run(sweep, index, score) for index, score in enumerate(scores)])
    first, second = board.places
    assert (board.by, board.fields) == ("mAP50", ("learning_rate",))
    assert first.values == {"learning_rate": "0.001"}
    assert first.map50 is not None
    assert (round(first.map50.mean, 3), round(first.map50.deviation or 0, 3), first.map50.number) == (0.85, 0.071, 2)
    assert first.states == "2 finished, 1 running"
    assert [row.name for row in first.rows] == ["rates-04", "rates-03", "rates-05"]
    assert second.map50 is not None
    assert round(second.map50.mean, 3) == 0.6


def test_losses_rank_only_where_their_parts_are_weighed_alike() -> None:
    alike = swept({"learning_rate": 1e-4}, {"learning_rate": 1e-3})
    board = board_of(alike, [seen_run(alike, 0, None, 3.0), seen_run(alike, 1, None, 2.0)])
    assert (board.by, board.places[0].rows[0].name) == ("best loss", "rates-01")
    other = swept({"iou_weight": 1.0}, {"iou_weight": 5.0})
    board = board_of(other, [seen_run(other, 0, None, 3.0), seen_run(other, 1, None, 2.0)])
    assert (board.by, board.note) == ("", "The loss is not compared: the trials weigh its parts differently.")
    assert [place.rows[0].name for place in board.places] == ["rates-00", "rates-01"]


def test_a_trial_without_a_folder_is_missing() -> None:
    sweep = swept({"seed": 0}, {"seed": 1})
    board = board_of(sweep, [seen_run(sweep, 0, 0.5)])
    assert board.states() == {"finished": 1, "missing": 1}


def test_the_cost_is_known_from_runs_like_the_trials_else_from_the_time_limit() -> None:
    from yogo_tui.runs.model import Progress
    from yogo_tui.runs.pace import KnownPaces
    from yogo_tui.sweeps.cost import cost_of

    sweep = swept({"epochs": 10}, {"epochs": 20}, {"model": "silu_model"})
    recipes = [sweep.recipe_of(trial) for trial in sweep.trials]
    earlier = replace(seen_run(sweep, 0, 0.5), progress=Progress(2, 2, epoch_seconds=36.0))
    assert earlier.launch
    submitted = Submission(cluster="lab", outcome=Outcome.SUBMITTED)
    earlier = replace(earlier, launch=earlier.launch.model_copy(update={"submissions": (submitted,)}))
    paces = KnownPaces([earlier], "lab")
    assert str(cost_of(recipes[:2], sweep.definition, SIZE, paces)) == (
        "about 0.3 GPU hours, by the pace of earlier runs like these"
    )
    assert str(cost_of(recipes, sweep.definition, SIZE, paces)) == (
        "about 1.3 GPU hours, by the pace of earlier runs for 2, by the time limit for the others"
    )
    assert cost_of(recipes[:2], "/other.yml", SIZE, paces).num_measured == 0
    four = SIZE.model_copy(update={"gpus": 4})
    assert cost_of(recipes[:2], sweep.definition, four, paces).gpu_hours == 8
