"""What the detector promises beyond the golden figures."""

from __future__ import annotations

import copy
import math
import subprocess
import sys

import pytest
import torch

from yogo.datasets.augment import augmentation
from yogo.datasets.batch import Batch
from yogo.device.precision import Precision
from yogo.distributed.rank_info import RankInfo
from yogo.distributed.world import World
from yogo.errors import TrainingError
from yogo.model import YOGO, get_model_func
from yogo.recipe import Recipe
from yogo.training.loop.divergence import DivergenceGuard
from yogo.training.loop.optimizer import Stepper

QUARTER = get_model_func("quarter_filters")


def _model(**options: object) -> YOGO:
    torch.manual_seed(0)
    return YOGO((64, 96), 0.05, 0.06, 3, model_func=QUARTER, **options)  # type: ignore[arg-type]


def test_a_prediction_is_a_box_an_objectness_and_classes_a_cell() -> None:
    model = _model().eval()
    with torch.no_grad():
        pred = model(torch.rand(2, 1, 64, 96))
    assert pred.shape == (2, 8, model.Sy, model.Sx) == (2, 8, 8, 12)
    columns = (pred[:, 0] * model.Sx).floor()
    assert torch.equal(columns, torch.arange(12.0).expand(2, 8, 12))
    rows = (pred[:, 1] * model.Sy).floor()
    assert torch.equal(rows, torch.arange(8.0)[:, None].expand(2, 8, 12))
    assert (pred[:, 2:5] > 0).all()


def test_the_numbers_of_a_cell_are_those_of_the_formula_in_a_frame_of_another_size() -> None:
    model = YOGO((64, 96), 0.05, 0.06, 3, False, False, False, True, QUARTER, 0.5, "cpu").eval()
    assert float(model.clip_value) == 0.5
    model.resize_model(32, 72)
    last = list(model.model.children())[-1]
    with torch.no_grad():
        last.weight.zero_()  # type: ignore[operator]
        last.bias.copy_(torch.tensor([1.0, -1.0, 79.0, 81.0, 2.0, 0.0, 0.0, 0.0]))  # type: ignore[operator]
        cell = model(torch.rand(1, 1, 32, 72))[0, :, 2, 5]
    x, y, objectness = torch.tensor([1.0, -1.0, 2.0]).sigmoid().tolist()
    assert cell[:2].tolist() == pytest.approx([(x + 5) / model.Sx, (y + 2) / model.Sy])
    width, height = 0.05 * math.exp(79) * 96 / 72, 0.06 * math.exp(80) * 64 / 32
    assert cell[2:5].tolist() == pytest.approx([width, height, objectness], rel=1e-5)


def test_class_values_are_probabilities_for_inference() -> None:
    with torch.no_grad():
        pred = _model(inference=True).eval()(torch.rand(2, 1, 64, 96))
    torch.testing.assert_close(pred[:, 5:].sum(1), torch.ones(2, 8, 12))


def test_the_head_stays_in_float32_under_autocast() -> None:
    model = _model().eval()
    frames = torch.rand(2, 1, 64, 96)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        pred = model(frames)
    assert pred.dtype == torch.float32
    with torch.no_grad():
        torch.testing.assert_close(pred[:, :5], model(frames)[:, :5], rtol=0.05, atol=0.02)


def test_an_enormous_size_does_not_overflow() -> None:
    model = _model().eval()
    with torch.no_grad():
        list(model.model.children())[-1].bias.fill_(1e6)  # type: ignore[operator]
        assert model(torch.rand(1, 1, 64, 96)).isfinite().all()


def test_the_whole_model_works_in_float64() -> None:
    model = _model().double().eval()
    model.resize_model(48, 96)
    with torch.no_grad():
        pred = model(torch.rand(1, 1, 48, 96, dtype=torch.float64))
    assert pred.dtype == torch.float64


def test_a_resized_model_keeps_the_boxes_of_a_crop_in_pixels() -> None:
    """Far from the cut, cells see the same pixels and so give the same boxes, wherever the frame ends."""
    whole = _model().eval()
    cropped = copy.deepcopy(whole)
    frames = torch.rand(1, 1, 64, 96)
    cropped.resize_model(img_height=48)
    with torch.no_grad():
        a, b = whole(frames), cropped(frames[:, :, :48])
    assert (cropped.Sx, cropped.Sy) == (12, 6) == cropped.get_grid_size((48, 96))
    pixels = torch.tensor([96.0, 64.0, 96.0, 64.0])[:, None, None]
    cropped_pixels = torch.tensor([96.0, 48.0, 96.0, 48.0])[:, None, None]
    torch.testing.assert_close(a[0, :4, :1] * pixels, b[0, :4, :1] * cropped_pixels, rtol=1e-4, atol=1e-4)


def test_resizing_back_and_forth_changes_nothing() -> None:
    model = _model().eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model.resize_model(32, 48)
    model.resize_model(64, 96)
    for key, value in model.state_dict().items():
        torch.testing.assert_close(value, before[key], rtol=1e-6, atol=0)


def test_frames_too_small_for_any_cell_are_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        _model().resize_model(0, -3)


def test_an_unknown_model_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(TrainingError, match=r"bass_model.*base_model.*depth_ver_4"):
        get_model_func("bass_model")


def test_convnext_small_without_timm_names_the_extra_to_install() -> None:
    code = (
        "import sys; sys.modules['timm'] = None\n"
        "from yogo.errors import TrainingError\n"
        "from yogo.model import get_model_func\n"
        "try:\n    get_model_func('convnext_small')(3)\n"
        "except TrainingError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'yogo-tui[convnext]'" in done.stdout


def test_the_names_of_the_models_are_known_without_torch() -> None:
    code = "import sys, yogo.architectures; sys.exit('torch' in sys.modules or 'pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_convolutions_start_from_kaiming_normal_and_no_bias() -> None:
    torch.manual_seed(0)
    model = YOGO((64, 96), 0.05, 0.06, 3, model_func=get_model_func("double_filters"))
    layer = list(model.model.children())[5][0]  # type: ignore[index]
    gain = (2 / (1 + 0.01**2)) ** 0.5
    assert float(layer.weight.detach().std()) == pytest.approx(gain / (256 * 9) ** 0.5, rel=0.02)
    assert not layer.bias.any()


def test_a_training_step_never_asks_the_device_for_a_value() -> None:
    """The meta device has no values: whatever would wait for one, such as a boolean index or `.item()`, fails on it."""
    world = World(RankInfo(), torch.device("meta"))
    recipe = Recipe(image_hw=(64, 96), rotate=True, brightness=0.2, contrast=0.2)
    changes = augmentation(recipe, num_samples=2)
    with world.device:
        model = YOGO((64, 96), 0.05, 0.06, 3, model_func=QUARTER, tuning=True, device="meta")
        boxes, owners, places = torch.zeros(20, 5), torch.zeros(20, dtype=torch.long), torch.zeros(2, dtype=torch.long)
        batch = Batch(torch.zeros(2, 1, 64, 96, dtype=torch.uint8), boxes, owners, places, places)
    # What is read once, before the first step.
    model.normalize_images, model.clip_value = torch.tensor(True), torch.tensor(1.0)
    watch = DivergenceGuard(world)
    step = Stepper(recipe, model, world, Precision("fp32", "cpu"), watch)
    losses = step.accumulate(changes(batch), num_images=2)
    watch.checked_gradients([parameter.grad for parameter in step.parameters if parameter.grad is not None])
    assert losses.shape == (4,)
    assert all(parameter.grad is not None for parameter in model.parameters())
