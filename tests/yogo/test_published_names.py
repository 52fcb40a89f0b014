"""Scripts written for published yogo: what they import is there, and does what they call it for."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from tests.picture_files import png16
from yogo.data.dataset_definition_file import DatasetDefinition, InvalidDatasetDefinitionFile
from yogo.data.image_path_dataset import collate_fn, get_dataset
from yogo.data.split_fractions import SplitFractions
from yogo.data.utils import read_image, read_image_robust
from yogo.data.yogo_dataset import ObjectDetectionDataset, format_labels_tensor, label_file_to_tensor, load_labels
from yogo.deprecation import SAID
from yogo.model import YOGO
from yogo.model_defns import get_model_func
from yogo.recipe import Recipe
from yogo.utils import Timer, choose_device, draw_yogo_prediction, format_preds, format_to_numpy, iter_in_chunks
from yogo.utils.default_hyperparams import DefaultHyperparams
from yogo.utils.utils import bbox_colour
from yogo.yogo_loss import YOGOLoss

NAMES = ("red", "white")


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    for index in range(3):
        Image.new("L", (64, 48), 100 + index).save(tmp_path / "images" / f"{index}.png")
        (tmp_path / "labels" / f"{index}.txt").write_text(f"{index % 2} 0.5 0.25 0.2 0.1\n")
    (tmp_path / "set.yml").write_text(
        "class_names: [red, white]\ndataset_paths:\n  a: {image_path: images, label_path: labels}\n"
    )
    return tmp_path


def test_a_model_says_its_size_and_serves_another() -> None:
    model = YOGO((48, 64), 0.1, 0.1, 2, model_func=get_model_func("quarter_filters"))
    assert model.get_grid_size((48, 64)) == (model.Sx, model.Sy)
    assert model.img_size.tolist() == [48, 64]
    assert isinstance(model.model, torch.nn.Module)
    model.resize_model(img_height=24)
    assert model.Sy == model.get_grid_size((24, 64))[1]


def test_the_loss_gives_its_parts_as_numbers() -> None:
    loss = YOGOLoss(no_obj_weight=0.5, iou_weight=1, classify_weight=2, label_smoothing=0.1)
    total, parts = loss(torch.rand(2, 7, 3, 4, requires_grad=True), torch.zeros(2, 6, 3, 4))
    assert total.requires_grad
    assert set(parts) == {"iou_loss", "objectness_loss", "classification_loss"}
    assert all(isinstance(part, float) for part in parts.values())
    assert sum(parts.values()) == pytest.approx(total.item())


def test_predictions_become_rows_and_pictures() -> None:
    pred = torch.zeros(7, 3, 4)
    pred[:, 1, 2] = torch.tensor([0.5, 0.5, 0.25, 0.5, 0.9, 0.2, 0.8])
    rows = format_preds(pred, obj_thresh=0.5, iou_thresh=0.5)
    array = format_to_numpy(4, rows, 48, 64)
    np.testing.assert_allclose(array[:, 0], [4, 24, 12, 40, 36, 0.9, 1, 0.8, 0.2, 0.8], rtol=1e-6)
    assert array.dtype == np.float32
    np.testing.assert_allclose(format_to_numpy(4, pred, 48, 64), array)
    drawn = np.array(draw_yogo_prediction(torch.full((1, 48, 64), 9), pred, labels=list(NAMES)))
    assert drawn.shape == (48, 64, 3)
    assert tuple(drawn[12, 24]) == bbox_colour(1, num_classes=2)[:3] != (9, 9, 9)
    assert tuple(drawn[0, 0]) == (9, 9, 9)
    bright = draw_yogo_prediction(torch.ones(1, 1, 48, 64), pred[None], images_are_normalized=True)
    assert bright.getpixel((0, 0)) == (255, 255, 255)


def test_every_class_has_its_own_colour() -> None:
    assert len({bbox_colour(i, num_classes=7) for i in range(7)}) == 7
    with pytest.raises(ValueError, match="no class 7"):
        bbox_colour(7, num_classes=7)


def test_small_things_work(capsys: pytest.CaptureFixture[str]) -> None:
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device().type in {"cpu", "cuda"}
    assert [list(part) for part in iter_in_chunks([1, 2, 3, 4, 5], 2)] == [[1, 2], [3, 4], [5]]
    with Timer("counting"):
        pass
    assert capsys.readouterr().out.startswith("counting: 0.")
    assert Recipe().batch_size == DefaultHyperparams.BATCH_SIZE == 64
    assert DefaultHyperparams.LEARNING_RATE == 3e-4


def test_a_deep_picture_that_looks_black_as_published_reads_it_is_warned_about(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 256, (12, 20), dtype=np.uint16)
    path = png16(tmp_path / "a.png", values)
    with pytest.warns(RuntimeWarning, match=r"a\.png is almost of one shade .* image_bits=8 reads it"):
        assert read_image(path).max() == 0
    np.testing.assert_array_equal(read_image(path, image_bits=8)[0], values)


def test_a_definition_has_its_paths_as_sets(folders: Path) -> None:
    definition = DatasetDefinition.from_yaml(folders / "set.yml")
    (pair,) = definition._dataset_paths
    assert (pair.image_path, pair.label_path) == (folders / "images", folders / "labels")
    assert definition._test_dataset_paths == set()
    with pytest.raises(InvalidDatasetDefinitionFile):
        DatasetDefinition.from_yaml(folders / "labels" / "0.txt")
    assert SplitFractions(0.5, 0.25, 0.25).val == 0.25
    assert SplitFractions(train=0.75, val=0.25, test=None) == SplitFractions(0.75, 0.25)  # type: ignore[arg-type]


def test_the_error_is_found_under_its_older_name_too_with_one_warning() -> None:
    import yogo.data.dataset_definition_file as module

    SAID.clear()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        for _ in range(3):
            assert module.InvalidDatasetDescriptionFile is InvalidDatasetDefinitionFile
    assert [warning.category for warning in heard] == [DeprecationWarning]


def test_a_label_file_becomes_rows_and_targets(folders: Path) -> None:
    path = folders / "labels" / "1.txt"
    np.testing.assert_allclose(load_labels(path, classes=NAMES, notes_data=None), [[1, 0.5, 0.25, 0.2, 0.1]], rtol=1e-6)
    notes = {"categories": [{"id": 1, "name": "red"}]}
    assert load_labels(path, classes=NAMES, notes_data=notes)[0][0] == 0
    target = label_file_to_tensor(path, 8, 6, NAMES, None)
    assert target.shape == (6, 6, 8)
    assert target[0].sum() == 1
    np.testing.assert_allclose(target[:, 1, 4], [1, 0.4, 0.2, 0.6, 0.3, 1], rtol=1e-6)
    torch.testing.assert_close(format_labels_tensor(target[[5, 1, 2, 3, 4], 1, 4][None], 8, 6), target)


def test_labelled_pictures_come_with_their_targets(folders: Path) -> None:
    data = ObjectDetectionDataset(
        folders / "images", folders / "labels", 8, 6, classes=list(NAMES), normalize_images=True
    )
    images, targets = next(iter(DataLoader(data, batch_size=3)))
    assert images.shape == (3, 1, 48, 64)
    torch.testing.assert_close(images[:, 0, 0, 0], torch.tensor([100, 101, 102]) / 255)
    assert targets.shape == (3, 6, 6, 8)
    assert targets[:, 5].sum((1, 2)).tolist() == [0, 1, 0]


def test_a_broken_picture_is_left_out_together_with_its_name(folders: Path) -> None:
    (folders / "images" / "1.png").write_bytes(b"torn")
    assert read_image(folders / "images" / "0.png").shape == (1, 48, 64)
    with pytest.warns(RuntimeWarning, match=r"1\.png cannot be read"):
        assert read_image_robust(folders / "images" / "1.png", retries=2, min_duration=0) is None
    data = get_dataset(path_to_images=folders / "images")
    with pytest.warns(RuntimeWarning, match=r"1\.png cannot be read"):
        images, names = next(iter(DataLoader(data, batch_size=3, collate_fn=collate_fn)))
    assert [Path(name).name for name in names] == ["0.png", "2.png"]
    assert images[:, 0, 0, 0].tolist() == [100, 102]


def test_prediction_is_imported_by_itself() -> None:
    code = "from yogo.infer import predict, count_cells_for_formatted_preds, get_prediction_class_counts"
    assert subprocess.run([sys.executable, "-W", "error", "-c", code], check=False).returncode == 0


def test_a_centre_on_a_line_between_cells_falls_where_published_code_has_it(tmp_path: Path) -> None:
    """Corners are worked out in float32; in more bits this centre would be in the row above."""
    (tmp_path / "one.txt").write_text("0 0.227344 0.1 0.164062 0.195833\n")
    targets = label_file_to_tensor(tmp_path / "one.txt", 40, 30, ["red"])
    assert targets[0].nonzero().tolist() == [[3, 9]]


def test_what_is_no_tensor_is_not_drawn_on_and_says_what_is_expected() -> None:
    with pytest.raises(TypeError, match="img is of the type ndarray; a tensor is expected"):
        draw_yogo_prediction(np.zeros((1, 48, 64)), torch.zeros(1))  # type: ignore[arg-type]
