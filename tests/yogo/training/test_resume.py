"""A run that was stopped goes on as if it had not been."""

from __future__ import annotations

import os
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.yogo.training.tiny import TINY, Steered, Yogo, same_weights, stop_after_first_step, write_dataset
from yogo import signals
from yogo.checkpoint import load_checkpoint
from yogo.errors import DefinitionError, RunError
from yogo.run import events
from yogo.run.history import History
from yogo.training.progress import Progressed

OPTIONS: dict[str, dict[str, Any]] = {
    "published": {},
    "everything": {"accumulate": 2, "warmup_epochs": 0.5, "scale_lr": True, "ema_decay": 0.9},
}


@pytest.fixture(scope="module")
def all_uninterrupted(tmp_path_factory: pytest.TempPathFactory, definition: Path) -> dict[str, Steered]:
    runs = {}
    for name, options in OPTIONS.items():
        runs[name] = Steered(tmp_path_factory.mktemp("whole"), definition, **options)
        runs[name].go()
    return runs


@pytest.fixture
def uninterrupted(all_uninterrupted: dict[str, Steered]) -> Steered:
    return all_uninterrupted["published"]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("stop_after", [("train", 0, 1), ("train", 0, 3), ("validate", 0, 1), ("train", 1, 2)])
def test_a_resumed_run_ends_with_the_same_weights_to_the_bit(
    stop_after: tuple[str, int, int],
    options: str,
    all_uninterrupted: dict[str, Steered],
    definition: Path,
    tmp_path: Path,
) -> None:
    steered, whole = Steered(tmp_path, definition, **OPTIONS[options]), all_uninterrupted[options]
    with pytest.raises(signals.Stop):
        steered.go(stop_after=stop_after)
    heard = steered.go(resume=True)
    assert isinstance(heard[0], events.Resumed)
    assert same_weights(steered.run.last, whole.run.last)
    assert same_weights(steered.run.best, whole.run.best)
    ours, theirs = load_checkpoint(steered.run.last), load_checkpoint(whole.run.last)
    assert (ours.step, ours.epoch, ours.best_loss) == (theirs.step, theirs.epoch, theirs.best_loss)


def test_the_plan_holds_what_all_processes_share_and_a_resumed_run_plans_the_same(
    definition: Path, tmp_path: Path
) -> None:
    steered = Steered(tmp_path, definition)
    begun = steered.plan()
    with pytest.raises(signals.Stop):
        steered.go(stop_after=("train", 0, 1))
    shared = pickle.loads(pickle.dumps(begun))
    assert replace(steered.plan(resume=True), attempt=0, checkpoint=None) == shared


def test_a_run_whose_events_are_a_pipe_does_not_go_on(definition: Path, tmp_path: Path) -> None:
    steered = Steered(tmp_path, definition)
    with pytest.raises(signals.Stop):
        steered.go(stop_after=("train", 0, 1))
    steered.run.events.unlink(missing_ok=True)
    os.mkfifo(steered.run.events)
    with pytest.raises(RunError, match=r"events.jsonl cannot be read: this is a named pipe"):
        steered.plan(resume=True)


def test_a_stop_during_validation_trains_no_batch_twice(definition: Path, tmp_path: Path) -> None:
    steered = Steered(tmp_path, definition)
    with pytest.raises(signals.Stop):
        steered.go(stop_after=("validate", 0, 1))
    phases = [event.phase for event in steered.go(resume=True) if isinstance(event, Progressed)]
    assert phases[0] == "validate"


def test_the_curves_of_a_resumed_run_show_each_step_once(yogo: Yogo, definition: Path) -> None:
    process = yogo.start(definition, *TINY, "--name", "twice", "--epochs", "400", "-bs", "2")
    assert stop_after_first_step(yogo, "twice", process) == signals.RESUMABLE
    resumed = yogo.start("--resume", yogo.run("twice").path)
    assert stop_after_first_step(yogo, "twice", resumed, attempt=1) == signals.RESUMABLE
    history = History()
    history.extend(yogo.events("twice"))
    steps = [event.step for event in history.steps]
    assert history.attempt == 1
    assert steps == sorted(set(steps))


@pytest.mark.parametrize("left", [0, 1000, None])
def test_a_torn_or_missing_last_checkpoint_costs_no_more_than_the_way_since_the_previous_one(
    left: int | None, uninterrupted: Steered, definition: Path, tmp_path: Path
) -> None:
    steered = Steered(tmp_path, definition)
    with pytest.raises(signals.Stop):
        steered.go(stop_after=("train", 1, 2))
    tear(steered.run.last, left)
    plan = steered.plan(resume=True)
    assert plan.checkpoint == steered.run.previous
    (notice,) = [notice for notice in steered.notices if "last.pth" in notice]
    assert "resumes from last.previous.pth, which was saved after step 3" in notice
    steered.go(resume=True)
    assert same_weights(steered.run.last, uninterrupted.run.last)
    assert same_weights(steered.run.best, uninterrupted.run.best)


def test_a_torn_last_checkpoint_never_takes_the_previous_ones_place(definition: Path, tmp_path: Path) -> None:
    steered = Steered(tmp_path, definition)
    with pytest.raises(signals.Stop):
        steered.go(stop_after=("train", 1, 2))
    tear(steered.run.last, 1000)
    for batch, step in ((1, 3), (2, 4)):
        with pytest.raises(signals.Stop):
            steered.go(resume=True, stop_after=("train", 1, batch))
        assert load_checkpoint(steered.run.previous).step == step


def test_what_a_kill_during_a_write_left_goes_with_the_next_attempt_and_nothing_of_others(
    definition: Path, tmp_path: Path
) -> None:
    steered = Steered(tmp_path, definition)
    with pytest.raises(signals.Stop):
        steered.go(stop_after=("train", 0, 1))
    ours = [steered.run.path / f".{name}.x1_y.part" for name in ("last.pth", "best.pth", "run.json")]
    others = [steered.run.path / name for name in (".launch.json.x1_y.part", "last.pth.part", "my.part")]
    for path in (*ours, *others):
        path.write_bytes(b"half of")
    steered.plan(resume=True)
    assert not any(path.exists() for path in ours)
    assert all(path.exists() for path in (*others, steered.run.last))


def tear(path: Path, left: int | None) -> None:
    """Leave so many of a file's bytes, or no file."""
    if left is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:left])


def test_where_the_previous_checkpoint_is_torn_too_the_best_one_takes_its_place(
    definition: Path, tmp_path: Path
) -> None:
    steered = Steered(tmp_path, definition)
    with pytest.raises(signals.Stop):
        steered.go(stop_after=("train", 1, 1))
    tear(steered.run.last, 1000)
    tear(steered.run.previous, 1000)
    plan = steered.plan(resume=True)
    assert plan.checkpoint == steered.run.best
    assert any("last.previous.pth is not a checkpoint" in notice for notice in steered.notices)


def test_a_run_with_no_whole_checkpoint_left_says_so(definition: Path, tmp_path: Path) -> None:
    steered = Steered(tmp_path, definition)
    with pytest.raises(signals.Stop):
        steered.go(stop_after=("train", 0, 1))
    steered.run.last.write_bytes(b"no checkpoint")
    with pytest.raises(RunError, match=r"cannot be resumed: .*last\.pth"):
        steered.plan(resume=True)


def test_a_picture_that_is_gone_meanwhile_is_named(tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data")
    steered = Steered(tmp_path, definition)
    with pytest.raises(signals.Stop):
        steered.go(stop_after=("train", 0, 1))
    (tmp_path / "data" / "images" / "picture_03.png").unlink()
    with pytest.raises(DefinitionError, match="picture_03"):
        steered.plan(resume=True)


def test_an_edited_definition_changes_nothing_for_a_run_that_began(tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data")
    steered = Steered(tmp_path, definition)
    with pytest.raises(signals.Stop):
        steered.go(stop_after=("train", 0, 1))
    before = steered.plan(resume=True).splits
    definition.write_text(definition.read_text().replace("train: 0.5, val: 0.25", "train: 0.25, val: 0.5"))
    assert steered.plan(resume=True).splits == before
