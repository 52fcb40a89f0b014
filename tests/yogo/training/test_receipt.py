"""The receipt says how a run ended, and what comes after the end does not change that."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path

import pytest

from yogo import signals
from yogo.errors import TrainingError
from yogo.run import events
from yogo.run.directory import RunDirectory
from yogo.run.result import Result
from yogo.training.checkpoints.checkpointer import Position
from yogo.training.checkpoints.receipt import Receipt


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_while_a_finished_run_closes_leaves_it_finished(signum: signal.Signals, tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.best.write_bytes(b"weights")
    with Receipt(run) as receipt:
        receipt.finish()
        raise signals.Stop(signum)
    assert Result.read(run.result).outcome == "finished"
    assert not run.events.exists()


def test_an_interrupt_before_the_end_is_written_down(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    with contextlib.suppress(signals.Stop), Receipt(run):
        raise signals.Stop(signal.SIGINT)
    assert Result.read(run.result).reason == "stopped by SIGINT"


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_a_run_that_somebody_stopped_says_by_what(
    signum: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    with contextlib.suppress(signals.Stop), Receipt(RunDirectory(tmp_path)):
        raise signals.Stop(signum)
    result = Result.read(RunDirectory(tmp_path).result)
    assert (result.outcome, result.stopped_by) == ("failed", signum.name)


@pytest.mark.parametrize("signum", [signal.SIGUSR2, signal.SIGTERM])
def test_a_job_that_its_cluster_stopped_may_come_back_and_has_no_receipt(
    signum: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    with contextlib.suppress(signals.Stop), Receipt(RunDirectory(tmp_path)):
        raise signals.Stop(signum)
    assert not RunDirectory(tmp_path).result.exists()


@pytest.mark.parametrize(("step", "share"), [(78, 0.8), (70, 0.0)])
def test_a_run_that_was_stopped_within_an_epoch_says_how_far_it_was(step: int, share: float, tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    events.append(run.events, events.Started(epochs=16, steps_per_epoch=10, num_train=20, num_val=1))
    with contextlib.suppress(signals.Stop), Receipt(run) as receipt:
        receipt.at = Position(epoch=7, step=step)
        raise signals.Stop(signal.SIGINT)
    result = Result.read(run.result)
    assert result.epochs == 7
    assert result.share_of_next == pytest.approx(share)


def test_a_failure_was_stopped_by_nobody(tmp_path: Path) -> None:
    with contextlib.suppress(TrainingError), Receipt(RunDirectory(tmp_path)):
        raise TrainingError("the disk is full")
    assert Result.read(RunDirectory(tmp_path).result).stopped_by == ""


def validated(epoch: int, loss: float, score: float) -> events.Validated:
    losses = events.Losses(loss=loss)
    return events.Validated(step=epoch + 1, epoch=epoch, losses=losses, metrics={"mAP50": score})


def test_the_receipt_has_the_figures_of_the_best_epoch_also_of_an_earlier_attempt(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.best.write_bytes(b"weights")
    began = events.Started(epochs=3, steps_per_epoch=1, num_train=1, num_val=1)
    for event in (began, validated(0, 5.0, 0.1), validated(1, 2.0, 0.4)):
        events.append(run.events, event)
    events.append(run.events, events.Resumed(attempt=1, epoch=2, step=2))
    events.append(run.events, validated(2, 3.0, 0.3))
    with Receipt(run) as receipt:
        receipt.at = Position(epoch=3, step=3, best_loss=2.0, best_epoch=1)
        receipt.finish()
    assert Result.read(run.result).best_metrics == {"mAP50": 0.4}


def test_the_receipt_keeps_what_is_doubtful_about_the_whole_run(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.best.write_bytes(b"weights")
    events.append(run.events, events.Started(epochs=3, steps_per_epoch=1, num_train=1, num_val=1))
    for epoch in range(3):
        events.append(run.events, validated(epoch, 2.0 + epoch, 0.0))
    with Receipt(run) as receipt:
        receipt.at = Position(epoch=3, step=3, best_loss=2.0, best_epoch=0)
        receipt.finish()
    doubts = Result.read(run.result).doubts
    assert any("only rose" in sentence for sentence in doubts)
    assert any("mAP50 was 0" in sentence for sentence in doubts)


def test_a_process_that_does_not_come_back_from_its_data_leaves_a_receipt_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    with Receipt(RunDirectory(tmp_path)):
        assert signals.STOP_REQUESTS.last_words is not None
        signals.STOP_REQUESTS.last_words(signal.SIGTERM)
        assert Result.read(RunDirectory(tmp_path).result).stopped_by == "SIGTERM"
