"""Which epoch best.pth holds, and how it is told, by what the run chooses it by."""

from __future__ import annotations

import pytest

from yogo.run.best import BestBy
from yogo.run.events import Checkpointed, Losses, Validated
from yogo.run.history import History
from yogo_tui.words import best_words


@pytest.mark.parametrize(
    ("by", "best", "words"),
    [
        ("loss", 1, "best loss 0.200, epoch 2"),
        ("map", 0, "best mAP50 0.800, epoch 1"),
        ("count", 2, "best own count error 1.500, epoch 3"),
        ("lod", 1, "best LoD 13,143, epoch 2"),
    ],
)
def test_the_best_epoch_is_that_of_best_pth(by: BestBy, best: int, words: str) -> None:
    history = History()
    limits = [147_596.8, 13_142.8, 13_143.2]
    for epoch, (loss, score, error) in enumerate([(0.4, 0.8, 2.0), (0.2, 0.7, 3.0), (0.3, 0.6, 1.5)]):
        figures = {"mAP50": score, "own_count_error": error, "lod_per_ul": limits[epoch]}
        history.add(Validated(step=epoch + 1, epoch=epoch, losses=Losses(loss=loss), metrics=figures))
        reached = {"loss": epoch <= 1, "map": epoch == 0, "count": epoch in (0, 2), "lod": epoch <= 1}[by]
        if reached:
            history.add(Checkpointed(step=epoch + 1, epoch=epoch + 1, file="best.pth", by=by))
        history.add(Checkpointed(step=epoch + 1, epoch=epoch + 1, file="last.pth", by=by))
    assert history.best is not None
    assert (history.best.epoch, best_words(history)) == (best, words)
    assert best_words(History()) == ""
