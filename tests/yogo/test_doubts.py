"""A run whose numbers cannot be right is doubted in words, and one that learns is not."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from yogo.run import events
from yogo.run.doubts import doubts
from yogo.run.history import History
from yogo.training.listeners.doubting import Doubting


def run_of(
    validated: Sequence[float],
    *,
    trained: Sequence[float] = (),
    scores: Sequence[float | None] = (),
    more: dict[str, float | None] | None = None,
    epochs: int = 100,
) -> History:
    """A run of one step an epoch."""
    history = History()
    history.add(events.Started(epochs=epochs, steps_per_epoch=1, num_train=1, num_val=1))
    for epoch, loss in enumerate(trained or validated):
        history.add(events.Step(step=epoch + 1, epoch=epoch, losses=events.Losses(loss=loss), lr=1e-3))
    for epoch, loss in enumerate(validated):
        figures = ({"mAP50": scores[epoch]} if scores else {"mAP50": 0.5}) | (more or {})
        history.add(events.Validated(step=epoch + 1, epoch=epoch, losses=events.Losses(loss=loss), metrics=figures))
    return history


def test_a_run_that_learns_is_not_doubted() -> None:
    assert doubts(run_of([9, 7, 8, 5, 6], scores=[0.0, 0.0, 0.1, 0.3, 0.3])) == ()
    assert doubts(run_of([])) == ()
    assert doubts(History()) == ()


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ([70.0, 60.0, 1.4e5], "1.4e+05"),
        ([1.4e5], "1.4e+05"),
        ([0.5, 0.4, 50.0], "50, after 0.4 at its best"),
        ([5.0, 6.0, 7.0], "only rose, from 5 after the first epoch to 7"),
        ([5.0, 7.0, 6.0, 5.5], "only rose"),
        ([5.0, 5.0, 5.0], "it does not learn"),
        ([0.0], "which is implausible for any data"),
    ],
)
def test_a_loss_that_cannot_be_right_is_said(losses: list[float], words: str) -> None:
    (sentence,) = doubts(run_of(losses))
    assert words in sentence
    assert sentence.startswith("the validation loss")


def noisy(losses: Sequence[float], noise: float, seed: int) -> list[float]:
    chance = random.Random(seed)
    return [loss * (1 + chance.gauss(0, noise)) for loss in losses]


def falling(epochs: int, share: float) -> list[float]:
    return [200 * (1 - share * epoch / (epochs - 1)) for epoch in range(epochs)]


@pytest.mark.parametrize("noise", [0.001, 0.008])
@pytest.mark.parametrize("epochs", [24, 64])
def test_a_loss_that_only_jumps_about_is_flat(epochs: int, noise: float) -> None:
    told = 0
    for seed in range(200):
        known = noisy([200.0] * epochs, noise, seed)
        begun = f"the validation loss has not fallen in {epochs} epochs, from {known[0]:.4g} to "
        told += any(sentence.startswith(begun) for sentence in doubts(run_of(known, scores=[0.01] * epochs)))
    assert told >= 198  # where jumps are small by chance, it is not told


@pytest.mark.parametrize("noise", [0.001, 0.01, 0.05, 0.1])
@pytest.mark.parametrize("epochs", [10, 24, 64])
def test_a_loss_that_falls_is_not_flat_however_it_jumps(epochs: int, noise: float) -> None:
    for seed in range(200):
        known = noisy(falling(epochs, 0.2), noise, seed)
        assert not any("has not fallen" in sentence for sentence in doubts(run_of(known, scores=[0.01] * epochs)))


def test_a_flat_loss_is_no_doubt_before_enough_epochs_nor_where_something_was_learnt() -> None:
    flat = noisy([200.0] * 30, 0.005, 1)
    low = [0.01] * 30
    assert doubts(run_of(flat, scores=low)) != ()
    assert doubts(run_of(flat[:9], scores=low[:9])) == ()
    assert doubts(run_of(flat, scores=[0.01] * 29 + [0.3])) == ()
    assert doubts(run_of(flat, trained=falling(30, 0.5), scores=low)) == ()
    assert doubts(run_of(flat, trained=[400.0, *flat[1:]], scores=low)) == (), "it learnt in its first steps"
    assert doubts(run_of([*falling(15, 0.4), *falling(15, 0.4)[::-1]], scores=low)) == (), "it fell, and rose again"
    assert doubts(run_of([], trained=flat)) != ()


def test_a_run_without_a_validation_set_is_judged_by_what_it_trained_on() -> None:
    (sentence,) = doubts(run_of([], trained=[5.0, 6.0, 9.0]))
    assert sentence.startswith("the training loss only rose")
    assert doubts(run_of([], trained=[9.0, 6.0, 5.0])) == ()


def test_a_training_loss_that_was_small_shows_what_the_validation_became() -> None:
    (sentence,) = doubts(run_of([3e3], trained=[20.0, 4e3]))
    assert "3000, after 20 at its best" in sentence


def test_a_score_of_nothing_throughout_is_said_once_enough_was_seen() -> None:
    assert doubts(run_of([3, 2], scores=[0.0, 0.0])) == ()
    (sentence,) = doubts(run_of([3, 2, 1], scores=[0.0, 0.0001, None]))
    assert "mAP50 was 0 after each of 2 epochs" in sentence


def test_a_network_that_lost_what_it_had_learnt_is_said() -> None:
    (sentence,) = doubts(run_of([3, 2, 2.5, 2.4], scores=[0.1, 0.4, 0.2, 0.0]))
    assert "mAP50 is 0 after epoch 4, and was 0.400 after epoch 2" in sentence
    assert doubts(run_of([3, 2, 2.5, 2.4], scores=[0.0, 0.0, 0.01, 0.0])) == ()


def test_a_run_that_is_over_is_judged_by_what_it_has() -> None:
    (sentence,) = doubts(run_of([3], scores=[0.0], epochs=1))
    assert "mAP50 was 0 after the one epoch" in sentence
    ended = run_of([3, 2], scores=[0.0, 0.0])
    ended.add(events.Failed(step=2))
    assert len(doubts(ended)) == 1


def test_a_network_that_is_sure_of_nothing_is_said() -> None:
    (sentence,) = doubts(run_of([3, 2, 1], more={"precision": None, "recall": 0.0}))
    assert "no box was above the threshold" in sentence
    assert doubts(run_of([3, 2, 1], more={"precision": 0.1, "recall": 0.0})) == ()


def test_a_test_that_finds_nothing_is_said_where_no_epoch_was_validated() -> None:
    history = run_of([], trained=[3, 2, 1])
    history.add(events.Tested(losses=events.Losses(loss=1.0), metrics={"mAP50": 0.0}))
    assert doubts(history) == ("mAP50 is 0 on the test set: no object was found where it is",)


def test_doubts_are_said_once_while_it_trains_and_again_at_its_end() -> None:
    said: list[str] = []
    listener = Doubting(said.append)
    history = run_of([3e5, 2e5, 1e5])
    assert history.started is not None
    listener.hear(history.started)
    for event in history.validations:
        listener.hear(events.Step(step=event.step, epoch=event.epoch, losses=event.losses, lr=1e-3))
        listener.hear(event)
    assert len(said) == 1
    assert "3e+05" in said[0]
    listener.hear(events.Finished(step=3, epoch=3))
    assert len(said) == 2
    assert "1e+05" in said[1]


def test_a_run_that_is_over_with_its_first_doubts_does_not_say_them_twice_in_a_row() -> None:
    said: list[str] = []
    listener = Doubting(said.append)
    history = run_of([3e5, 2e5, 1e5])
    assert history.started is not None
    listener.hear(history.started.model_copy(update={"epochs": 1}))
    listener.hear(history.validations[0])
    listener.hear(events.Finished(step=1, epoch=1))
    assert len(said) == 1


def test_what_an_earlier_attempt_showed_is_known() -> None:
    said: list[str] = []
    before = run_of([5.0, 6.0])
    listener = Doubting(said.append, before)
    listener.hear(events.Resumed(attempt=1, epoch=2, step=2))
    later = events.Validated(attempt=1, step=3, epoch=2, losses=events.Losses(loss=7.0), metrics={"mAP50": 0.5})
    listener.hear(later)
    assert len(said) == 1
