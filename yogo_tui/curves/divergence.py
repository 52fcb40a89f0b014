"""Whether a run diverges. The rules are told to people, so they count in epochs and recorded steps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from yogo.run.noise import usual_jump

EPOCHS = 5
"""So many validations in a row have to lie above the best one."""

NOISE = 3.0
"""And by more than so many times as much as the validation loss usually jumps from one epoch to the next."""

FOLD = 10.0
STEPS = 10
"""A training loss has run away if so many recorded steps in a row lie so many times above its lowest."""

RULES = (
    f"Validation diverges once the last {EPOCHS} validation losses all lie above the lowest one, by more than "
    f"{NOISE:g} times as much as it usually jumps from one epoch to the next, while the training loss has fallen. "
    f"The training loss runs away once {STEPS} recorded steps in a row are more than {FOLD:g} times its lowest."
)


@dataclass(frozen=True, slots=True)
class Divergence:
    index: int
    """Of the point since which it diverges: the lowest validation, or the first step that has run away."""

    is_training: bool
    words: str


def of_validation(validation: Sequence[float], training: Sequence[float]) -> Divergence | None:
    """`training` holds the mean training loss of the same epochs; NaN where one is not known."""
    known = [index for index, loss in enumerate(validation) if math.isfinite(loss)]
    if not known:
        return None
    best = min(known, key=lambda index: validation[index])
    since = [index for index in known if index > best][-EPOCHS:]
    if len(since) < EPOCHS:
        return None
    noise = usual_jump([validation[index] for index in known])
    behind = [validation[index] for index in since]
    if min(behind) - validation[best] <= NOISE * noise or not training[since[-1]] < training[best]:
        return None
    return Divergence(best, False, f"validation rises since epoch {best + 1} while training falls")


class Runaway:
    """Follows the training losses of the recorded steps, NaN included."""

    def __init__(self) -> None:
        self.found: Divergence | None = None
        """The last stretch that has run away; one that has come back is none."""

        self._lowest, self._above, self._nans, self._seen = math.inf, 0, 0, 0

    def extend(self, losses: Iterable[float]) -> None:
        for loss in losses:
            self._add(loss)

    def _add(self, loss: float) -> None:
        is_nan = not math.isfinite(loss)
        is_above = is_nan or loss > FOLD * self._lowest > 0
        self._above, self._nans = (self._above + 1 if is_above else 0), (self._nans + 1 if is_nan else 0)
        self._seen += 1
        if not is_above:
            self._lowest, self.found = min(self._lowest, loss), None
        elif self._above == STEPS:
            far = f"the training loss is more than {FOLD:g} times its lowest, {self._lowest:.4g}"
            words = "the training loss is NaN" if self._nans >= STEPS else far
            self.found = Divergence(self._seen - STEPS, True, words)
