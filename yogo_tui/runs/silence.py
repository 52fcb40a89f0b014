"""When a run that should train counts as silent. `RULES` states it for the help, which must not wait for pydantic."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from yogo.run.history import History

YOUNG = 5
"""A run with fewer recorded steps since it was started last is too young to tell."""

PAUSE = timedelta(minutes=10)
TIMES = 5
_RECENT = 500

UNBEGUN = timedelta(minutes=30)
"""How long its job may run before it begins to train: a large cache may be built first."""

RULES = (
    f"A run is called silent if it has recorded nothing for {PAUSE.seconds // 60} minutes and for {TIMES} times its "
    f"longest pause so far, once it has recorded {YOUNG} steps; or if its job has run for {UNBEGUN.seconds // 60} "
    "minutes and has not begun to train. "
    "It is said not to learn if its loss is 100 times its lowest; after 3 validations or at its end, if mAP50 was 0 in "
    "all of them, or if the loss only rose or stayed the same; and after 10 epochs if the loss is flat. It is flat if "
    "no later third of its curve has a mean that lies below that of the first third by more than 3 times what the loss "
    "usually jumps from one epoch to the next, and these are at most 4 % of it; if the training loss has not fallen "
    "either; and if mAP50 was never above 0.05."
)


def pause_of(history: History) -> timedelta | None:
    """How long it may be without an event before that is unusual; None while it is too young, or once it has ended."""
    recent = zip(history.steps.column("at", -_RECENT), history.steps.column("attempt", -_RECENT), strict=True)
    times = [at for at, attempt in recent if attempt == history.attempt]
    if len(times) < YOUNG or history.ended is not None:
        return None
    longest = max(later - earlier for earlier, later in itertools.pairwise(times))
    return max(PAUSE, TIMES * timedelta(microseconds=longest))
