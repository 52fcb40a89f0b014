"""How the images of a definition are split into training, validation and test."""

from __future__ import annotations

import math
from dataclasses import dataclass

from yogo.errors import DefinitionError


@dataclass(frozen=True, slots=True)
class SplitFractions:
    """The shares of training, validation and test images; None, as published callers pass it, means 0.

    Raises DefinitionError unless they sum to 1.
    """

    train: float
    val: float = 0.0
    test: float = 0.0

    def __post_init__(self) -> None:
        for name, share in self.items():
            if share is None:
                object.__setattr__(self, name, 0.0)
            elif isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
                raise DefinitionError(f"The split fraction {name} is {share}; it must be a number from 0 to 1")
        if not math.isclose(total := self.train + self.val + self.test, 1, abs_tol=1e-6):
            raise DefinitionError(
                f"The split fractions sum to {total:g} (train, val and test together); they must sum to 1"
            )

    def items(self) -> tuple[tuple[str, float], ...]:
        return ("train", self.train), ("val", self.val), ("test", self.test)


ALL_TRAIN = SplitFractions(1.0)
