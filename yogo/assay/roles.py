"""What a class is for: counted as a cell (total), looked for (target), or neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from yogo.run.correction import AssayRoles

Doubles = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Roles:
    classes: tuple[str, ...]
    """All of them, in the order of the counts."""

    total: tuple[str, ...]
    """What is counted as a cell."""

    target: tuple[str, ...]
    """What is looked for."""

    per_microlitre: float
    """Cells in a microlitre."""

    @classmethod
    def of(cls, told: AssayRoles, classes: Sequence[str]) -> Roles:
        return cls(tuple(classes), told.total, told.target, told.per_microlitre)

    @property
    def total_places(self) -> list[int]:
        return [self.classes.index(name) for name in self.total]

    @property
    def target_places(self) -> list[int]:
        return [self.classes.index(name) for name in self.target]

    def num_total(self, counts_K: ArrayLike) -> float:
        return float(np.asarray(counts_K, np.float64)[self.total_places].sum())

    def num_target(self, counts_K: ArrayLike) -> float:
        return float(np.asarray(counts_K, np.float64)[self.target_places].sum())

    def by_class(self, counts_K: Sequence[float] | Doubles) -> dict[str, float]:
        return dict(zip(self.classes, map(float, counts_K), strict=True))


MALARIA = Roles(
    classes=("healthy", "ring", "trophozoite", "schizont", "gametocyte", "wbc", "misc"),
    total=("healthy", "ring", "trophozoite", "schizont"),
    target=("ring", "trophozoite", "schizont"),
    per_microlitre=5e6,
)
"""The classes of remo-stats-utils: the order of counts in a file of counts, and of its matrices."""
