"""The mAP that an export is held against, on labelled pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from yogo.errors import ExportError
from yogo.export.graph import Whole
from yogo.export.labelled import LabelledPictures
from yogo.model import YOGO, get_model_func

HEIGHT, WIDTH = 48, 64
pytestmark = pytest.mark.filterwarnings("ignore:builtin type .* has no __module__ attribute:DeprecationWarning")  # SWIG


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    """Two pictures with a red cell on the left, a white one on the right."""
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    for index in range(2):
        Image.new("L", (WIDTH, HEIGHT), 90 + index).save(tmp_path / "images" / f"{index}.png")
        (tmp_path / "labels" / f"{index}.txt").write_text("0 0.25 0.5 0.2 0.2\n1 0.75 0.5 0.2 0.2\n")
    path = tmp_path / "set.yml"
    path.write_text("class_names: [red, white]\ndataset_paths:\n  a: {image_path: images, label_path: labels}\n")
    return path


def whole(num_classes: int = 2, crop_height: float | None = None) -> Whole:
    network = get_model_func("quarter_filters")
    return Whole(YOGO((HEIGHT, WIDTH), 0.1, 0.1, num_classes, inference=True, model_func=network), crop_height)


def answer(frames: np.ndarray, red: float) -> np.ndarray:
    """Both boxes where they are; the left one's probability of being red is `red`."""
    pred = np.zeros((len(frames), 7, 6, 8), np.float32)
    pred[:, :, 3, 2] = (0.25, 0.5, 0.2, 0.2, 0.9, red, 1 - red)
    pred[:, :, 3, 6] = (0.75, 0.5, 0.2, 0.2, 0.9, 0.1, 0.9)
    return pred


def test_a_perfect_answer_scores_one_and_a_wrong_class_costs(definition: Path) -> None:
    pictures = LabelledPictures(definition, whole())
    assert pictures.frames().shape == (2, 1, HEIGHT, WIDTH)
    assert pictures.frames()[:, 0, 0, 0].tolist() == [90, 91]
    assert pictures.mean_precision(lambda frames: answer(frames, 0.8)) == pytest.approx(1)
    assert pictures.mean_precision(lambda frames: answer(frames, 0.3)) < 0.6


def test_labels_must_be_of_these_classes_and_of_whole_frames(definition: Path) -> None:
    with pytest.raises(ExportError, match=r"2 classes \(red, white\), and the model 3"):
        LabelledPictures(definition, whole(3))
    with pytest.raises(ExportError, match="leave out either --data or --crop-height"):
        LabelledPictures(definition, whole(crop_height=0.5))
