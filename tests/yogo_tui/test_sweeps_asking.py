"""Sweeps whose trials ask a study for their values when they start."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.yogo_tui.fake_session import make_run
from tests.yogo_tui.lab import plan, workspace
from tests.yogo_tui.test_sweeps import Until, launch_of, trials
from yogo.recipe import Recipe
from yogo.run.directory import RunDirectory
from yogo.run.launch import SearchedField, Size, ValueSearch
from yogo.run.manifest import Manifest
from yogo.run.result import Result
from yogo_tui.cli.output import run_json
from yogo_tui.cluster.local import LocalCluster
from yogo_tui.errors import LaunchError, TemplateError
from yogo_tui.hosts.here import HereHost
from yogo_tui.listing.columns import find
from yogo_tui.listing.query import parse
from yogo_tui.runs.model import RunState
from yogo_tui.runs.pace import KnownPaces, MeasuredPace
from yogo_tui.session import Session
from yogo_tui.session.sweeps import PlannedSweep
from yogo_tui.settings import SizePreset
from yogo_tui.sweeps.board import board_of, table_of
from yogo_tui.sweeps.cost import Cost, cost_of
from yogo_tui.sweeps.space import UnfitSpace
from yogo_tui.words import state_words


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[Session]:
    cluster = LocalCluster(tmp_path / "state", slots=4, kill_after_seconds=2.0)
    session = Session(workspace(tmp_path / "lab"), HereHost(), cluster)
    yield session
    await cluster.cancel([job.id for job in await cluster.jobs() if not job.state.is_over])


async def planned(session: Session, *texts: str, tpe: int = 3, **options: Any) -> PlannedSweep:
    return await session.sweeps.plan(plan(session, "rates"), texts, (), tpe=tpe, **options)


async def finished(session: Session, number: int) -> bool:
    found = await trials(session)
    return len(found) == number and set(found.values()) == {RunState.FINISHED}


async def test_each_trial_is_told_its_values_when_its_job_starts(session: Session, until: Until) -> None:
    found = await planned(session, "lr=1e-5..1e-2", prunes=True)
    assert found.table == (("trial", "learning_rate"), [(f"rates-0{index}", "at its start") for index in range(3)])
    before = board_of(found.sweep, ())
    assert str(before) == "rates: 3 trials (3 missing), varies learning_rate, searched by TPE with pruning"
    assert [row[1] for row in table_of(before)[1]] == ["at its start"] * 3
    await session.sweeps.submit(found)
    await until(lambda: finished(session, 3), seconds=60)
    runs, told = session.settings.own_runs_folder, set()
    for index in range(3):
        run = RunDirectory(runs / f"rates-0{index}")
        rate = Manifest.read(run.manifest).recipe.learning_rate
        told.add(rate)
        assert f"rates-0{index} trains with --learning-rate {rate}\n" in run.log(f"1_{index}").read_text()
        assert "--learning-rate" not in run.script.read_text()
        assert launch_of(session, run.name).search == found.sweep.search
    assert len(told) == 3
    sweep = await session.sweeps.find("rates")
    board = board_of(sweep, (await session.runs.look()).runs)
    assert {float(row[1]) for row in table_of(board)[1]} == {float(f"{rate:g}") for rate in told}


async def test_a_trial_that_is_repeated_trains_with_the_same_values(
    session: Session, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETEND_END", "failed")
    await session.sweeps.submit(await planned(session, "lr=1e-5..1e-2", tpe=1))
    run = RunDirectory(session.settings.own_runs_folder / "rates-00")

    async def failed() -> bool:
        return (await trials(session)).get("rates-00") is RunState.FAILED

    await until(failed, seconds=60)
    rate = Manifest.read(run.manifest).recipe.learning_rate
    monkeypatch.setenv("PRETEND_END", "finished")
    for path in (run.manifest, run.last, run.recipe):
        path.unlink()
    sweep, seen = await session.sweeps.find("rates"), (await session.runs.look()).runs
    await session.sweeps.submit(await session.sweeps.rest(sweep, seen, with_failed=True))
    await until(lambda: finished(session, 1), seconds=60)
    assert Manifest.read(run.manifest).recipe.learning_rate == rate


async def test_a_pruned_trial_is_shown_as_such_and_is_not_continued(session: Session, until: Until) -> None:
    await session.sweeps.submit(await planned(session, "lr=1e-5..1e-2", tpe=1, prunes=True))
    await until(lambda: finished(session, 1), seconds=60)
    receipt = RunDirectory(session.settings.own_runs_folder / "rates-00").result
    why = "pruned by the sweep: mAP50 0.310 at best after epoch 5, below the median"
    Result.read(receipt).model_copy(update={"is_pruned": True, "reason": why}).write(receipt)
    sweep, runs = await session.sweeps.find("rates"), (await session.runs.look()).runs
    board = board_of(sweep, runs)
    assert str(board).startswith("rates: 1 trial (1 pruned), ")
    assert table_of(board)[1][0][-2:] == ("pruned", "rates-00")
    assert (runs[0].state, runs[0].why) == (RunState.FINISHED, why)
    with pytest.raises(LaunchError, match="No trial of rates is left to submit"):
        await session.sweeps.rest(sweep, runs)


async def test_trials_are_added_until_there_are_no_different_ones(session: Session) -> None:
    found = await planned(session, "epochs=1..4", tpe=3)
    more = await session.sweeps.more(found.sweep, (), sample=5)
    assert [one.plan.name for one in more.trials] == ["rates-03"]
    assert more.notes[-1] == "No more than 1 trial can differ from the others."
    with pytest.raises(LaunchError, match="rates has as many trials as there are different ones"):
        await session.sweeps.more(more.sweep, (), sample=1)
    with pytest.raises(LaunchError, match="Its study chooses the values of rates: say how many trials to add"):
        await session.sweeps.more(found.sweep, (), ["lr=1"])


async def test_a_seed_is_not_searched(session: Session) -> None:
    with pytest.raises(UnfitSpace, match="seed is not searched"):
        await planned(session, "seed=0..4", "lr=1e-5..1e-2")


async def test_a_template_that_does_not_ask_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "templates"
    own.mkdir()
    shipped = Path(__file__).parents[2] / "sbatch_templates/_train.sbatch"
    text = shipped.read_text().replace("{% if asks %}", "{% if false %}")
    (own / "_train.sbatch").write_text(text)
    session = Session(workspace(tmp_path / "lab", templates=own), HereHost(), LocalCluster(tmp_path / "state"))
    with pytest.raises(TemplateError, match="does not ask a sweep's study for values"):
        await planned(session, "lr=1e-5..1e-2")
    assert not (tmp_path / "lab/trained_models").exists()


@pytest.mark.parametrize(
    ("command", "changes", "said"),
    [
        ("exit 2", {}, "It was not checked whether the jobs have Optuna: yogo there does not say."),
        ("exit 1", {"setup": ("module load yogo",)}, "It was not checked whether the jobs have Optuna: their set-up"),
    ],
)
async def test_what_cannot_be_asked_of_the_jobs_environment_is_told_as_not_checked(
    tmp_path: Path, command: str, changes: dict[str, Any], said: str
) -> None:
    settings = workspace(tmp_path / "lab").model_copy(update={"yogo_command": f"sh -c '{command}'", **changes})
    session = Session(settings, HereHost(), LocalCluster(tmp_path / "state"))
    notes = (await planned(session, "lr=1e-5..1e-2")).notes
    assert [one for one in notes if one.startswith(said)]


async def test_a_search_without_optuna_is_refused_before_it_is_submitted(tmp_path: Path) -> None:
    said = "yogo: This sweep needs optuna, which is not installed here: pip install it."
    command = f"sh -c 'echo \"{said}\" >&2; exit 1'"
    settings = workspace(tmp_path / "lab").model_copy(update={"yogo_command": command})
    session = Session(settings, HereHost(), LocalCluster(tmp_path / "state"))
    with pytest.raises(LaunchError, match="needs optuna, which is not installed here: pip install it"):
        await planned(session, "lr=1e-5..1e-2")
    assert (await session.sweeps.plan(plan(session, "rates"), ("seed=0..1",), ())).notes == ()


def test_a_search_of_what_takes_time_costs_the_mean_of_what_may_be_chosen() -> None:
    size = Size(gpus=1, cpus=1, hours=2)
    pace = MeasuredPace(definition="/d.yml", recipe=Recipe(), size=size, cluster="slurm", epoch_seconds=36)
    slow = pace.model_copy(update={"recipe": Recipe(batch_size=8), "epoch_seconds": 72})
    paces = KnownPaces((), "slurm", (pace, slow))
    one = SizePreset(gpus=1, cpus=1, hours=2, template="1gpu.sbatch")

    def cost(*fields: SearchedField) -> Cost:
        return cost_of([Recipe(epochs=10)], "/d.yml", one, paces, ValueSearch(folder="/s", fields=fields))

    epochs = SearchedField(field="epochs", low=20, high=60, step=10)
    assert cost(SearchedField(field="learning_rate", low=1e-4, high=1e-2)).hours == pytest.approx(0.1)
    assert cost(epochs).hours == pytest.approx(0.4)
    assert cost(SearchedField(field="batch_size", choices=("64", "8"))).hours == pytest.approx(0.15)
    assert cost(epochs, SearchedField(field="batch_size", choices=("64", "8", "4"))).hours == pytest.approx(0.6)
    assert str(cost(epochs)).endswith("and the mean of what may be chosen")
    assert str(cost(SearchedField(field="batch_size", choices=("1",)))).startswith("at most 2 GPU hours")


def test_a_trial_that_its_sweep_ended_early_is_called_pruned_in_the_list_too() -> None:
    pruned = make_run("owl", RunState.FINISHED, result=Result(outcome="finished", is_pruned=True, reason="pruned"))
    others = make_run("cat", RunState.FINISHED), make_run("dog", RunState.FAILED, result=pruned.result)
    assert [state_words(run) for run in (pruned, *others)] == ["✔ pruned", "✔ finished", "✖ failed"]
    assert find("state").text is state_words
    assert parse("state:pruned").of((pruned, *others), datetime.now(UTC)) == (pruned,)
    assert run_json(pruned)["is_pruned"]
