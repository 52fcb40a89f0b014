"""Implausible numbers of a run, each reported in a sentence, for the end of training and for lists of runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from yogo.run.events import Validated
from yogo.run.figures import SCORE
from yogo.run.history import History
from yogo.run.noise import usual_jump
from yogo.text.wording import counted

ENOUGH = 3
"""Validations before a run that still trains is reported; one that has ended is judged by what it has."""

FOLD = 100.0
"""If the loss rose by more than this factor, the network did not learn."""

ABSURD = 1e4
"""A loss per image that no network has, trained or not."""

NOTHING = 5e-4
"""An mAP50 below this is shown as 0.000."""

COLLAPSED = 0.05
"""An mAP50 above this does not fall to 0 by chance."""

FLAT_EPOCHS = 10
"""So many losses, one after each epoch, before a curve can be called flat."""

TIMES = 3.0
"""It is flat if it has not fallen by so many times as much as it usually jumps from one epoch to the next."""

QUIET = 0.04
"""A curve of which that is a larger share of the loss is too noisy to be judged."""

STEEP = 0.1
"""The training loss has fallen in the first epoch if that of its first step lies so far above the later ones."""

SLOWER = "a lower --learning-rate may help"


def doubts(history: History) -> tuple[str, ...]:
    """Sentences on implausible numbers of a run; none for a run that learns or has just begun."""
    return tuple((*_of_losses(history), *_of_figures(history), *_of_test(history)))


def _is_over(history: History) -> bool:
    started = history.started
    return history.ended is not None or bool(started and len(history.validations) >= started.epochs > 0)


def _of_losses(history: History) -> Iterator[str]:
    trained = _per_epoch(history)
    validated = [event.losses.loss for event in history.validations if event.losses.loss is not None]
    known = validated or trained
    if not known:
        return
    of = "validation" if validated else "training"
    first_steps = [event.losses.loss for event in history.steps[:1] if event.losses.loss is not None]
    least, last = min(known + trained + first_steps), known[-1]
    if last > ABSURD or last > FOLD * least > 0:
        where = f", after {least:.4g} at its best" if last > FOLD * least else ""
        yield f"the {of} loss is {last:.4g}{where}: the network has not learnt; {SLOWER}"
    elif last <= 0:
        yield f"the {of} loss is {last:.4g}, which is implausible for any data: check the labels"
    elif len(known) >= ENOUGH:
        yield from _of_course(known, of, is_flat=_is_flat(known) and not _has_learnt([*first_steps, *trained], history))


def _of_course(known: Sequence[float], of: str, *, is_flat: bool) -> Iterator[str]:
    """Of losses after each epoch."""
    if len(set(known)) == 1:
        yield f"the {of} loss was {known[0]:.4g} after each of {counted(len(known), 'epoch')}: it does not learn"
    elif is_flat:
        yield (
            f"the {of} loss has not fallen in {counted(len(known), 'epoch')}, from {known[0]:.4g} to {known[-1]:.4g}: "
            "the network does not learn; check the labels and --learning-rate"
        )
    elif min(known[1:]) > known[0]:
        yield (
            f"the {of} loss only rose, from {known[0]:.4g} after the first epoch to {known[-1]:.4g}: "
            f"the network does not learn what it is tested on; {SLOWER}"
        )


def _has_learnt(trained: Sequence[float], history: History) -> bool:
    """Whether it finds cells, or its training loss has fallen: from that of its first step, or from epoch to epoch."""
    scores = [score for event in history.validations if (score := event.metrics.get(SCORE.key)) is not None]
    first, *means = trained or [0.0]
    fell = bool(means) and first > (1 + STEEP) * _mean(means)
    return max(scores, default=0.0) > COLLAPSED or fell or (len(means) >= FLAT_EPOCHS and not _is_flat(means))


def _is_flat(losses: Sequence[float]) -> bool:
    """Whether the mean of no later third of them lies below that of the first by more than noise explains."""
    if len(losses) < FLAT_EPOCHS:
        return False
    third = len(losses) // 3
    first, *later = (_mean(losses[start : start + third]) for start in (0, third, len(losses) - third))
    noise = TIMES * usual_jump(losses)
    return noise <= QUIET * first and first - min(later) <= noise


def _mean(losses: Sequence[float]) -> float:
    return sum(losses) / len(losses)


def _per_epoch(history: History) -> list[float]:
    """Means of the training loss, an epoch each."""
    epochs: dict[int, tuple[float, int]] = {}
    for epoch, loss in zip(history.steps.column("epoch"), history.steps.column("loss"), strict=True):
        if not math.isnan(loss):
            total, count = epochs.get(epoch, (0.0, 0))
            epochs[epoch] = total + loss, count + 1
    return [total / count for _, (total, count) in sorted(epochs.items())]


def _of_figures(history: History) -> Iterator[str]:
    seen = history.validations
    if not seen or (len(seen) < ENOUGH and not _is_over(history)):
        return
    scores = {event.epoch: score for event in seen if (score := event.metrics.get(SCORE.key)) is not None}
    best = max(scores, key=lambda epoch: scores[epoch], default=None)
    if best is not None and scores[best] < NOTHING:
        yield f"mAP50 was 0 after {_all_of(len(scores))}: no object was found where it is"
    elif best is not None and scores[best] > COLLAPSED and [*scores.values()][-1] < NOTHING:
        yield (
            f"mAP50 is 0 after epoch {max(scores) + 1}, and was {scores[best]:.3f} after epoch {best + 1}: "
            f"the network has lost what it had learnt; {SLOWER}"
        )
    if all(map(_found_nothing, seen)):
        yield (
            f"no box was above the threshold after {_all_of(len(seen))}: the network is sure of nothing yet; "
            "more epochs may help, and yogo infer --obj-thresh 0.1 shows what it is less sure of"
        )


def _all_of(number: int) -> str:
    return "the one epoch" if number == 1 else f"each of {counted(number, 'epoch')}"


def _found_nothing(event: Validated) -> bool:
    """Precision has no divisor if no box is kept."""
    figures = event.metrics
    return "precision" in figures and figures["precision"] is None and not figures.get("recall")


def _of_test(history: History) -> Iterator[str]:
    if history.tested is None:
        return
    loss, score = history.tested.losses.loss, history.tested.metrics.get(SCORE.key)
    if not history.validations and loss is not None and loss > ABSURD:
        yield f"the test loss is {loss:.4g}: the network has not learnt; {SLOWER}"
    learnt = [event.metrics.get(SCORE.key) for event in history.validations]
    if score is not None and score < NOTHING and not any(value is not None for value in learnt):
        yield "mAP50 is 0 on the test set: no object was found where it is"
