"""A run that was killed outright, whenever that was, ends as one that was not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import until
from tests.yogo.training.killed import OPTIONS, Killer
from tests.yogo.training.tiny import TINY, Steered, Yogo, same_weights
from yogo.checkpoint import load_checkpoint
from yogo.run import events
from yogo.run.directory import RunDirectory
from yogo.run.history import History

ROOT = Path(__file__).parents[3]


def history_of(run: RunDirectory) -> History:
    history = History()
    history.extend(events.parse(run.events.read_bytes())[0])
    return history


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, definition: Path) -> tuple[RunDirectory, RunDirectory]:
    """An undisturbed run, and one that was killed at each kind of moment."""
    whole = Steered(tmp_path_factory.mktemp("whole"), definition, **OPTIONS)
    whole.go(hear=Killer(whole.run.events, None).hear)
    folder = tmp_path_factory.mktemp("killed")
    done = subprocess.run(
        [sys.executable, "-m", "tests.yogo.training.killed", folder, definition],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.splitlines()[-1]) > 8
    return whole.run, RunDirectory(folder / "runs" / "steered")


def test_its_weights_its_optimiser_and_where_it_stands_are_the_same_to_the_bit(
    both: tuple[RunDirectory, RunDirectory],
) -> None:
    whole, killed = both
    for file in ("best.pth", "last.pth"):
        assert same_weights(whole.path / file, killed.path / file)
        ours, theirs = load_checkpoint(whole.path / file), load_checkpoint(killed.path / file)
        assert (ours.step, ours.epoch, ours.best_loss) == (theirs.step, theirs.epoch, theirs.best_loss)
        assert ours.training["best_epoch"] == theirs.training["best_epoch"]
        assert ours.optimizer_state_dict is not None
        assert theirs.optimizer_state_dict is not None
        assert ours.optimizer_state_dict["param_groups"] == theirs.optimizer_state_dict["param_groups"]


def test_its_curves_have_neither_gaps_nor_doubles(both: tuple[RunDirectory, RunDirectory]) -> None:
    whole, killed = map(history_of, both)
    assert killed.attempt > 8
    assert [(event.step, event.epoch) for event in killed.validations] == [(3, 0), (6, 1), (9, 2)]
    assert [event.losses for event in killed.validations] == [event.losses for event in whole.validations]
    assert [event.metrics for event in killed.validations] == [event.metrics for event in whole.validations]
    steps = [event.step for event in killed.steps]
    assert steps == sorted(set(steps))
    rates = {event.step: event.lr for event in killed.steps}
    assert {step: rates.get(step) for step in (3, 6, 9)} == {
        event.step: event.lr for event in whole.steps if event.step in (3, 6, 9)
    }
    assert saved(killed) == saved(whole)


def saved(history: History) -> list[tuple[str, int, int, float | None]]:
    return [(event.file, event.step, event.epoch, event.loss) for event in history.checkpoints]


def test_several_processes_that_are_killed_at_once_go_on_to_the_same_weights(yogo: Yogo, definition: Path) -> None:
    arguments = (definition, *TINY, "--epochs", "40", "-bs", "1", "--ema-decay", "0.9", "--processes", "2")
    whole = yogo.finish(*arguments, "--name", "whole")
    assert (whole.returncode, whole.stderr) == (0, "")
    process, killed = yogo.start(*arguments, "--name", "killed"), yogo.run("killed")
    until(lambda: killed.last.exists() or process.poll() is not None)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for pid in (*map(int, children), process.pid):
        os.kill(pid, signal.SIGKILL)
    process.communicate()
    assert not killed.result.exists()
    resumed = yogo.finish("--resume", killed.path)
    assert (resumed.returncode, resumed.stderr) == (0, "")
    for file in ("best.pth", "last.pth"):
        assert same_weights(yogo.run("whole").path / file, killed.path / file)
    assert len(history_of(killed).validations) == 40
