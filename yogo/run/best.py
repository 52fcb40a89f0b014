"""What the epoch in best.pth is chosen by: `--best-by` of the recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

BestBy = Literal["loss", "map", "count", "lod"]


@dataclass(frozen=True, slots=True)
class Criterion:
    words: str
    """What is compared, of the validation set."""

    short: str
    """The same, where there is little room."""

    key: str = ""
    """Of the figure; empty for the loss."""

    is_more_better: bool = False

    def is_better(self, one: float | None, than: float | None) -> bool:
        """Nothing is known to be better than a figure, and anything is better than none."""
        if one is None or than is None:
            return than is None
        return one > than if self.is_more_better else one < than

    @property
    def is_per_microlitre(self) -> bool:
        return self.key.endswith("per_ul")

    @property
    def worse(self) -> str:
        """How a sentence says that another epoch was better."""
        return "higher" if self.is_more_better else "lower"


CRITERIA: Mapping[BestBy, Criterion] = {
    "loss": Criterion("validation loss", "loss"),
    "map": Criterion("validation mAP50", "mAP50", "mAP50", is_more_better=True),
    "count": Criterion("validation count error at its own thresholds", "own count error", "own_count_error"),
    "lod": Criterion("validation LoD", "LoD", "lod_per_ul"),
}
