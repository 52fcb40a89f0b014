"""The kinds of error of a test, and what mAP50 would gain without each. Imports nothing heavy."""

from __future__ import annotations

from yogo.run.record import Part

KINDS = (
    ("class", "A box on a labelled cell, with another class's name."),
    ("location", "A box of the right class that overlaps its cell by less than half."),
    ("both", "A box that overlaps a cell of another class by less than half."),
    ("duplicate", "A further box on a cell that a box of a better score has found."),
    ("background", "A box where no cell is labelled. If labels are missing, it may be right."),
    ("missed", "A labelled cell without a box, even a loose or a misnamed one."),
)
"""After TIDE (Bolya et al., ECCV 2020), each with a sentence."""

NAMES = tuple(name for name, _ in KINDS)


class KindOfError(Part):
    kind: str
    num_kept: int
    """Boxes above the threshold that inference uses; for missed, the cells that these miss."""

    num_ranked: int
    """The same of all boxes that mAP50 ranks."""

    gain: float
    """What mAP50 would gain if all errors of this kind were mended, and nothing else changed."""

    interval: tuple[float, float] | None = None
    """Of 95 %, of the gain; None where nothing is known of it, and in files of versions that had none."""


class ErrorCosts(Part):
    """The gains do not add up: whoever mends one kind may lose by another what it gained, or win more."""

    kinds: tuple[KindOfError, ...]
    false_positives_gain: float
    """What mAP50 would gain without all boxes that match no cell."""

    false_negatives_gain: float
    """What mAP50 would gain if each cell that no box matches were not labelled."""

    false_positives_interval: tuple[float, float] | None = None
    false_negatives_interval: tuple[float, float] | None = None
    resamples: int = 0
    """By which the intervals were found."""

    @property
    def worst(self) -> KindOfError | None:
        """The kind that costs most; None where mending none gains anything."""
        found = max(self.kinds, key=lambda one: one.gain)
        return found if found.gain > 0 else None
