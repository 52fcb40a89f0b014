"""What the details of a run say of figures that are none."""

from __future__ import annotations

from pathlib import PurePosixPath

from yogo.recipe import Recipe
from yogo.run import events
from yogo.run.history import History
from yogo.run.manifest import Manifest
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


def test_the_recipe_is_told_in_the_words_of_its_form() -> None:
    recipe = Recipe(
        image_hw=(240, 320), normalize_images=True, flips=False, learning_rate=1e-3, anchor_width=0.04250100255012512
    )
    manifest = Manifest(name="calm-cat", definition="/lab/d.yml", classes=("a",), recipe=recipe, precision="fp32")
    run = Run("calm-cat", RunState.FINISHED, path=PurePosixPath("/lab/calm-cat"), manifest=manifest)
    told = dict(_lines(run, History()))["recipe"]
    assert told == "learning rate 0.001, image hw 240 × 320, normalize images yes, anchor width 0.042501, flips no"
