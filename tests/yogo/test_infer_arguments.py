"""What callers of the Python functions give that cannot be: each is told in a sentence."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from yogo.checkpoint import save_checkpoint
from yogo.errors import CheckpointError, DefinitionError, InferenceError
from yogo.images.pixels import picture_size, read_pixels
from yogo.infer import predict
from yogo.model import YOGO, get_model_func
from yogo.model.boxes import format_preds

HW = (64, 96)


def model(*, rgb: bool = False) -> YOGO:
    torch.manual_seed(3)
    network = get_model_func("quarter_filters")
    return YOGO(HW, 0.1, 0.1, 2, is_rgb=rgb, inference=True, model_func=network).eval()


@pytest.fixture
def pth(tmp_path: Path) -> Path:
    save_checkpoint(tmp_path / "best.pth", model(), epoch=1, step=2, classes=("red", "white"), run_name="run")
    return tmp_path / "best.pth"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.new("L", HW[::-1], 90).save(tmp_path / "a.png")
    return tmp_path / "a.png"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"path_to_images": 3}, "path_to_images must be a path, not 3"),
        ({"path_to_images": ["a.png"]}, "path_to_images must be a path, not a list"),
        ({"output_dir": io.BytesIO(), "save_preds": True}, "output_dir must be a path, not BytesIO"),
        ({"batch_size": "4"}, "batch_size must be a whole number, not '4'"),
        ({"batch_size": 2.5}, "batch_size must be a whole number, not 2.5"),
        ({"requested_num_workers": 1.5}, "requested_num_workers must be a whole number, not 1.5"),
        ({"obj_thresh": None}, "obj_thresh must be a number, not empty"),
        ({"vertical_crop_height": "half"}, "vertical_crop_height must be a number, not 'half'"),
        ({"image_bits": 99}, "image_bits must be one of auto, 8, 10, 12, 14 or 16, not 99"),
        ({"class_names": "rw"}, "class_names must be a list of names, not 'rw'"),
    ],
)
def test_an_argument_that_cannot_be_is_told_by_its_name(
    pth: Path, picture: Path, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(InferenceError) as refused:
        predict(pth, **{"path_to_images": picture, "device": "cpu", **given})
    assert str(refused.value) == said


def test_paths_may_be_bytes_and_class_names_may_be_numbers(pth: Path, picture: Path) -> None:
    given: Any = {"path_to_pth": os.fsencode(pth), "path_to_images": os.fsencode(picture), "class_names": [1, 2]}
    found = predict(**given, device="cpu")
    assert len(found) == 1
    assert YOGO.from_pth(os.fsencode(pth))[0].num_classes == 2  # type: ignore[arg-type]
    with pytest.raises(CheckpointError, match="a checkpoint is opened by its path; BytesIO is not a path"):
        YOGO.from_pth(io.BytesIO(pth.read_bytes()))  # type: ignore[arg-type]


def test_numbers_may_be_numpys_or_torchs_and_a_device_torchs(pth: Path, picture: Path) -> None:
    given: Any = {"batch_size": np.int64(2), "obj_thresh": np.float32(0.25), "iou_thresh": torch.tensor(0.5)}
    given |= {"half": np.False_, "image_bits": np.uint8(12), "requested_num_workers": np.int32(1)}
    assert len(predict(pth, picture, device=torch.device("cpu"), **given)) == 1


@pytest.mark.parametrize("source", [np.zeros((4, 4), np.uint16), Image.new("L", (4, 4)), None, 3])
def test_what_is_no_file_is_not_read_as_a_picture(source: Any) -> None:
    for read in (lambda: read_pixels(source, rgb=False, image_hw=None), lambda: picture_size(source)):
        with pytest.raises(DefinitionError, match=r"is read from a path or an open file, and [A-Za-z]+ is neither"):
            read()


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16, torch.uint8, torch.int64, torch.int16])
def test_a_network_takes_frames_of_any_kind_of_number(kind: torch.dtype) -> None:
    frames = torch.randint(0, 200, (2, 1, *HW), generator=torch.Generator().manual_seed(0)).float()
    frames = frames.to(torch.bfloat16).float()  # what all these kinds can hold
    network = model()
    with torch.no_grad():
        torch.testing.assert_close(network(frames.round().to(kind)), network(frames.round()))


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        (torch.zeros(*HW), r"\(images, 1, height, width\) for this model, not \(64, 96\)"),
        (torch.zeros(1, 2, 1, *HW), r"\(images, 1, height, width\) for this model, not \(1, 2, 1, 64, 96\)"),
        (torch.zeros(1, 3, *HW), r"\(images, 1, height, width\) for this model, not \(1, 3, 64, 96\)"),
        (torch.zeros(1, 1, 48, 48), r"takes frames of 64x96 pixels, not 48x48: call resize_model\(48, 48\)"),
        (torch.zeros(1, 1, 1, 1), "takes frames of 64x96 pixels, not 1x1"),
        (np.zeros((1, 1, *HW)), "frames must be a tensor, not ndarray"),
    ],
)
def test_frames_that_do_not_fit_the_network_are_told_with_what_fits(frames: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        model()(frames)


def test_a_prediction_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"takes one image's \(5 \+ classes, Sy, Sx\), not \(4, 2, 2\)"):
        format_preds(torch.zeros(4, 2, 2))
    with pytest.raises(TypeError, match="takes a tensor, not ndarray"):
        format_preds(np.zeros((7, 2, 2)))  # type: ignore[arg-type]
