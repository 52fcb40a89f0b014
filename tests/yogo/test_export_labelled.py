"""The mAP that an export is held against, on labelled images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from yogo.definition import DatasetDefinition, split
from yogo.definition.record import DataRecord
from yogo.errors import ExportError
from yogo.export.graph import Whole
from yogo.export.labelled import LabelledPictures
from yogo.model import YOGO, get_model_func
from yogo.run.directory import RunDirectory

HEIGHT, WIDTH = 48, 64
pytestmark = pytest.mark.filterwarnings("ignore:builtin type .* has no __module__ attribute:DeprecationWarning")  # SWIG


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    """Two images with a red cell on the left, a white one on the right."""
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
    pictures = LabelledPictures.of_definition(definition, whole())
    assert pictures.frames().shape == (2, 1, HEIGHT, WIDTH)
    assert pictures.frames()[:, 0, 0, 0].tolist() == [90, 91]
    assert pictures.mean_precision(lambda frames: answer(frames, 0.8)) == pytest.approx(1)
    assert pictures.mean_precision(lambda frames: answer(frames, 0.3)) < 0.6


def test_labels_must_be_of_these_classes(definition: Path) -> None:
    with pytest.raises(ExportError, match=r"2 classes \(red, white\), and the model 3"):
        LabelledPictures.of_definition(definition, whole(3))


def test_of_a_crop_the_labels_are_those_in_its_rows(definition: Path) -> None:
    """The instrument looks at a crop: its 16 bits are held against mAP too."""
    labels = sorted((definition.parent / "labels").iterdir())
    labels[0].write_text("0 0.25 0.5 0.2 0.2\n1 0.75 0.1 0.2 0.2\n")  # the white one lies above the rows in the middle
    pictures = LabelledPictures.of_definition(definition, whole(crop_height=0.5))
    assert pictures.frames().shape == (2, 1, HEIGHT // 2, WIDTH)

    def answered(frames: np.ndarray) -> np.ndarray:
        pred = np.zeros((1, 7, 3, 8), np.float32)
        pred[0, :, 1, 2] = (0.25, 0.5, 0.2, 0.4, 0.9, 1, 0)  # twice as high a share of half of the rows
        if frames[0, 0, 0, 0] == 91:
            pred[0, :, 1, 6] = (0.75, 0.5, 0.2, 0.4, 0.9, 0, 1)
        return pred

    assert pictures.mean_precision(answered) == pytest.approx(1)


def test_a_run_has_its_own_pictures_to_compare_on_while_they_are_as_they_were(definition: Path, tmp_path: Path) -> None:
    known, run = DatasetDefinition.from_yaml(definition), RunDirectory(tmp_path / "run")
    run.path.mkdir()
    assert LabelledPictures.of_run(run.best, whole()) is None
    DataRecord.build(known, split(known)).write(run.data)
    own = LabelledPictures.of_run(run.best, whole())
    assert own is not None
    assert own.frames()[:, 0, 0, 0].tolist() == [90, 91]
    assert LabelledPictures.of_run(run.best, whole(3)) is None
    (tmp_path / "images" / "0.png").unlink()
    assert LabelledPictures.of_run(run.best, whole()) is None
