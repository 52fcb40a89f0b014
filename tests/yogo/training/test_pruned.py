"""A trial of a sweep tells its study how it does; one that is pruned ends as finished and says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.yogo.test_study import RATES, finish, search
from tests.yogo.training.tiny import TINY, Yogo
from yogo.recipe import Recipe
from yogo.run import events
from yogo.run.launch import Kind, Launch, Size, ValueSearch
from yogo.run.manifest import Manifest
from yogo.run.result import verify
from yogo.run.study import StudyTrial


def launched(yogo: Yogo, definition: Path, asked: ValueSearch, *more: str) -> None:
    """Train the trial as its job does."""
    run = yogo.run("rates-04")
    run.path.mkdir(parents=True)
    size = Size(gpus=0, cpus=1, hours=1)
    Launch(
        name=run.name, kind=Kind.TRAIN, token="t", definition=str(definition), recipe=Recipe(), size=size, search=asked
    ).write(run.launch)
    assert yogo.command("ask", run.path).returncode == 0
    flags = [one for one in TINY if one not in ("--lr", "1e-3")]
    told = ("--recipe", run.recipe, "--name", run.name, "--epochs", "5", "-bs", "6")
    done = (yogo.finish if more else yogo.train)(definition, *told, *flags, *more)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("score", [1.0, -1.0], ids=["pruned", "kept"])
def test_a_trial_trains_with_what_it_was_told_and_ends_where_it_falls_behind(
    yogo: Yogo, definition: Path, tmp_path: Path, score: float
) -> None:
    asked = search(tmp_path, RATES, prunes=True)
    for index in range(4):
        finish(asked, f"rates-0{index}", [score] * 5)
    launched(yogo, definition, asked)
    run, told = yogo.run("rates-04"), StudyTrial(asked, "rates-04").ask()
    assert Manifest.read(run.manifest).recipe.learning_rate == told["learning_rate"]
    receipt, last = verify(run), yogo.events("rates-04")[-1]
    assert isinstance(last, events.Finished)
    if score < 0:
        assert (receipt.epochs, receipt.is_pruned, receipt.reason) == (5, False, "")
        return
    assert (receipt.epochs, receipt.is_pruned, last.is_pruned) == (1, True, True)
    assert receipt.reason == StudyTrial(asked, "rates-04").verdict
    assert receipt.reason.startswith("pruned by the sweep: mAP50 0.")


def test_all_processes_of_a_trial_end_where_it_falls_behind(yogo: Yogo, definition: Path, tmp_path: Path) -> None:
    asked = search(tmp_path, RATES, prunes=True)
    for index in range(4):
        finish(asked, f"rates-0{index}", [1.0] * 5)
    launched(yogo, definition, asked, "--processes", "2")
    receipt = verify(yogo.run("rates-04"))
    assert (receipt.epochs, receipt.is_pruned) == (1, True)


def test_a_study_that_cannot_be_reached_ends_no_training(yogo: Yogo, definition: Path, tmp_path: Path) -> None:
    asked = search(tmp_path, RATES, prunes=True)
    run = yogo.run("rates-04")
    run.path.mkdir(parents=True)
    size, recipe = Size(gpus=0, cpus=1, hours=1), Recipe()
    gone = asked.model_copy(update={"folder": str(tmp_path / "gone")})
    Launch(
        name=run.name, kind=Kind.TRAIN, token="t", definition=str(definition), recipe=recipe, size=size, search=gone
    ).write(run.launch)
    done = yogo.train(definition, *TINY, "--name", run.name, "--epochs", "2", "-bs", "6")
    assert done.returncode == 0
    assert "telling the sweep's study failed, and is left out from here on: " in done.stdout
    assert verify(run).epochs == 2
