"""What the details of a run say of figures that are none."""

from __future__ import annotations

from yogo.run import events
from yogo.run.history import History
from yogo_tui.runs.model import Run, RunState
from yogo_tui.widgets.run_details import _lines


def test_a_figure_that_is_none_says_why() -> None:
    history = History()
    figures = {"mAP50": 0.0, "precision": None, "precision/red": None, "recall": 0.0, "roc_auc": None}
    history.add(events.Validated(step=1, epoch=0, losses=events.Losses(loss=1.5), metrics=figures))
    told = {title.strip(): words for title, words in _lines(Run("calm-cat", RunState.FINISHED), history)}
    assert (told["mAP50"], told["recall"]) == ("0.0000", "0.0000")
    assert told["precision"] == told["precision/red"] == "none: no box was found"
    assert told["roc_auc"] == "none: there was nothing to count"
