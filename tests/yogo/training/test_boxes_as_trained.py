"""How boxes are made is part of the recipe: validation, test and inference by the weights make them alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.yogo.training.tiny import TINY, Yogo
from yogo.infer import predict

EAGER = (*TINY, "--lr", "1e-2", "--no-obj-weight", "0.02", "-bs", "2", "--epochs", "2")


def test_inference_makes_boxes_as_the_weights_were_trained_unless_it_is_told_otherwise(
    yogo: Yogo, definition: Path, tmp_path: Path
) -> None:
    done = yogo.train(definition, *EAGER, "--name", "made", "--suppression-iou", "0.2", "--average-boxes")
    assert (done.returncode, done.stderr) == (0, "")

    def boxes(name: str, **given: Any) -> bytes:
        folder = tmp_path / name
        pictures = definition.parent / "images"
        predict(
            yogo.run("made").best,
            path_to_images=pictures,
            output_dir=folder,
            save_npy=True,
            obj_thresh=0.01,
            **given,
        )
        return next(folder.glob("*.npy")).read_bytes()

    as_trained = boxes("as-trained")
    assert as_trained == boxes("told-the-same", iou_thresh=0.2, average_boxes=True)
    assert as_trained != boxes("not-averaged", average_boxes=False)
    assert as_trained != boxes("less-suppressed", iou_thresh=0.5)


def test_suppression_changes_the_metrics_and_nothing_that_is_trained(yogo: Yogo, definition: Path) -> None:
    for name, flags in (("usual", ()), ("strict", ("--suppression-iou", "0.05", "--average-boxes"))):
        done = yogo.train(definition, *EAGER, "--name", name, *flags)
        assert (done.returncode, done.stderr) == (0, "")
    usual, strict = (
        [one.model_dump() for one in yogo.events(name) if one.event == "validated"] for name in ("usual", "strict")
    )
    assert [one["losses"] for one in usual] == [one["losses"] for one in strict]
    assert usual[-1]["metrics"] != strict[-1]["metrics"]
