"""What a step is, and its learning rate: warm-up, accumulated batches, a rate that grows with the global batch."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.yogo.training.tiny import TINY, Yogo
from yogo.run import events
from yogo.run.history import History
from yogo.run.manifest import Manifest
from yogo.training.loop.schedule import cosine, rate_of


@given(st.integers(1, 300), st.integers(0, 100))
def test_the_rate_rises_in_a_straight_line_and_then_falls_as_it_would_have_without(cosines: int, rises: int) -> None:
    rates = [rate_of(step, rises + cosines, 1.0, 0.1, warmup_steps=rises) for step in range(rises + cosines)]
    assert rates[:rises] == pytest.approx([(step + 1) / (rises + 1) for step in range(rises)])
    assert rates[rises:] == [cosine(step, cosines, 1.0, 0.1) for step in range(cosines)]


def run(yogo: Yogo, definition: Path, *flags: object) -> tuple[History, str]:
    """Two epochs of six images, in batches of two."""
    done = yogo.train(definition, *TINY, "--name", "run", "--epochs", "2", "-bs", "2", *flags)
    assert (done.returncode, done.stderr) == (0, "")
    history = History()
    history.extend(yogo.events("run"))
    return history, done.stdout


def last_rates(history: History) -> list[float]:
    """Of each epoch."""
    ends = {event.epoch: event for event in history.steps}
    return [ends[epoch].lr for epoch in sorted(ends)]


def test_a_warm_up_takes_the_epochs_that_it_was_given(yogo: Yogo, definition: Path) -> None:
    history, _ = run(yogo, definition, "--warmup-epochs", "1", "--lr-decay-factor", "4")
    assert last_rates(history) == pytest.approx([1e-3 * 3 / 4, 1e-3 / 4])


def test_without_one_the_first_step_has_the_whole_rate(yogo: Yogo, definition: Path) -> None:
    history, said = run(yogo, definition, "--epochs", "1", "-bs", "6")
    assert last_rates(history) == [1e-3]
    assert "6 images a step over all processes, learning rate 0.001" in said


def test_a_step_of_several_batches_is_one_step_everywhere(yogo: Yogo, definition: Path) -> None:
    """Three batches an epoch, two a step: the second step has the one that is left."""
    history, said = run(yogo, definition, "--accumulate", "2", "--lr-decay-factor", "4")
    assert history.started is not None
    assert (history.started.steps_per_epoch, history.started.global_batch_size) == (2, 4)
    assert history.num_steps == 4
    assert [event.step for event in history.validations] == [2, 4]
    assert isinstance(history.ended, events.Finished)
    assert history.ended.step == 4
    assert last_rates(history)[-1] == pytest.approx(1e-3 / 4)
    assert "2 epochs of 2 steps\n4 images a step" in said
    manifest = Manifest.read(yogo.run("run").manifest)
    assert (manifest.steps_per_epoch, manifest.global_batch_size) == (2, 4)


def test_the_rate_grows_with_the_global_batch_if_that_is_asked_for(yogo: Yogo, definition: Path) -> None:
    flags = ("--scale-lr", "--accumulate", "3", "--processes", "2", "-bs", "1", "--name", "run", "--epochs", "1")
    done = yogo.finish(definition, *TINY, *flags)
    assert (done.returncode, done.stderr) == (0, "")
    assert "6 images a step over all processes, learning rate 0.006" in done.stdout
    (step,) = [event for event in yogo.events("run") if isinstance(event, events.Step)]
    assert step.lr == pytest.approx(6e-3)


def test_the_rate_grows_with_no_batches_that_an_epoch_does_not_have(yogo: Yogo, definition: Path) -> None:
    """Three batches an epoch are one step, though fifty were asked for."""
    _, said = run(yogo, definition, "--scale-lr", "--accumulate", "50")
    assert "6 images a step over all processes, learning rate 0.003" in said
