"""What a class is for: counted as a cell (total), looked for (target), or neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from yogo.errors import AssayError
from yogo.run.correction import AssayRoles
from yogo.text.wording import listed

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


def mix_of(words: Sequence[str], target: Sequence[str]) -> dict[str, float] | None:
    """The share of each class of the target, of words such as ring=0.8; those that are not named are none of it. None
    without words. Raises AssayError."""
    mix = dict.fromkeys(target, 0.0)
    for word in words:
        name, _, number = word.rpartition("=")
        try:
            part = float(number)
        except ValueError:
            part = -1.0
        if not (name and 0 <= part < float("inf")):
            raise AssayError(f"--mix {word} is not CLASS=SHARE, such as {target[0]}=0.8")
        if name not in mix:
            raise AssayError(f"--mix names {name}; the targets are {listed(target)}")
        mix[name] = part
    total = sum(mix.values())
    if words and not total:
        raise AssayError("--mix has no share above 0")
    return {name: part / total for name, part in mix.items()} if words else None


MALARIA = Roles(
    classes=("healthy", "ring", "trophozoite", "schizont", "gametocyte", "wbc", "misc"),
    total=("healthy", "ring", "trophozoite", "schizont"),
    target=("ring", "trophozoite", "schizont"),
    per_microlitre=5e6,
)
"""The classes of remo-stats-utils: the order of counts in a file of counts, and of its matrices."""
