"""A run that gets no better ends when it was told to, as a finished one that says why; a resumed one alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.yogo.training.tiny import TINY, Steered, Yogo, write_dataset
from yogo import signals
from yogo.checkpoint import load_checkpoint
from yogo.run import events
from yogo.run.result import verify
from yogo.training.progress import Progressed


@pytest.mark.parametrize(("patience", "waited"), [(1, "1 epoch"), (3, "3 epochs")])
def test_a_run_that_gets_no_better_ends_as_finished_and_says_why(
    yogo: Yogo, definition: Path, patience: int, waited: str
) -> None:
    flags = ("--name", "short", "--epochs", "400", "--lr", "1", "-bs", "2", "--early-stopping", patience)
    done = yogo.train(definition, *TINY, *flags)
    assert (done.returncode, done.stderr) == (0, "")
    receipt = verify(yogo.run("short"))
    validated = [event for event in yogo.events("short") if isinstance(event, events.Validated)]
    losses = [event.losses.loss or 0.0 for event in validated]
    assert receipt.best_epoch == losses.index(min(losses))
    assert receipt.epochs == len(losses) == receipt.best_epoch + 1 + patience
    why = f"stopped early: in {waited} the validation loss was never lower than in epoch {receipt.best_epoch + 1}"
    finished = yogo.events("short")[-1]
    assert isinstance(finished, events.Finished)
    assert receipt.reason == finished.reason == why
    assert why in done.stdout
    assert receipt.test_losses


def test_a_run_that_was_stopped_while_it_waited_waits_no_longer_than_it_would_have(
    definition: Path, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"learning_rate": 1.0, "epochs": 400, "early_stopping": 2}
    whole, stopped = Steered(tmp_path / "whole", definition, **options), Steered(tmp_path, definition, **options)
    whole.go()
    ended = load_checkpoint(whole.run.last)
    assert ended.epoch < 400
    with pytest.raises(signals.Stop):
        stopped.go(stop_after=("train", ended.epoch - 1, 2))
    stopped.go(resume=True)
    assert load_checkpoint(stopped.run.last).epoch == ended.epoch
    again = stopped.go(resume=True)
    assert not [event for event in again if isinstance(event, Progressed)]


def test_a_run_of_as_many_epochs_as_it_has_patience_trains_them_all(yogo: Yogo, definition: Path) -> None:
    flags = ("--name", "all", "--epochs", "2", "-bs", "6", "--early-stopping", "2")
    assert yogo.train(definition, *TINY, *flags).returncode == 0
    receipt = verify(yogo.run("all"))
    assert (receipt.epochs, receipt.reason) == (2, "")


def test_without_a_validation_set_patience_is_said_to_be_idle(yogo: Yogo, tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data", num_pictures=4, fractions="{train: 1.0}")
    done = yogo.train(definition, *TINY, "--name", "blind", "--epochs", "3", "-bs", "4", "--early-stopping", "1")
    assert done.returncode == 0
    assert "--early-stopping has no effect: there is no validation set" in done.stdout
    assert verify(yogo.run("blind")).epochs == 3
