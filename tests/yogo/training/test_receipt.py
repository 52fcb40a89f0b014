"""The receipt says how a run ended, and what comes after the end does not change that."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path

import pytest

from yogo.run.directory import RunDirectory
from yogo.run.result import Result
from yogo.training import signals
from yogo.training.receipt import Receipt


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
