"""Which losses of a list can be compared: those with the loss settings that most of its runs have."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable

from yogo.recipe import knobs
from yogo_tui.runs.model import Run

OTHER_LOSS = "≠"
OTHER_LOSS_WORDS = "loss with other settings, not comparable"

_settings = operator.attrgetter(*(one.name for one in knobs() if one.knob.group == "Loss"))


class ComparableLosses:
    """Tells which runs of a list have a loss that cannot be compared with the others'."""

    def __init__(self, runs: Iterable[Run]) -> None:
        counts = Counter(settings for run in runs if (settings := loss_settings(run)) is not None)
        self._usual = counts.most_common(1)[0][0] if counts else None
        self.has_others = len(counts) > 1
        """Whether it is so of any of them."""

    def is_other(self, run: Run) -> bool:
        """False of a run that has no loss yet, or of which the settings are not known."""
        own = loss_settings(run)
        return own is not None and own != self._usual


def loss_settings(run: Run) -> tuple[object, ...] | None:
    """The settings that its loss depends on; None if they are not known, or if it has no loss yet."""
    source = run.manifest or run.launch
    if source is None or run.progress is None or run.progress.best_loss is None:
        return None
    settings: tuple[object, ...] = _settings(source.recipe)
    return settings
