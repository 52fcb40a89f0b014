"""What holds for each architecture of the table; a new entry is tested without a line here."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from yogo.architectures import ARCHITECTURES, Architecture
from yogo.checkpoint import load_checkpoint, save_checkpoint
from yogo.errors import CheckpointError
from yogo.model import YOGO, get_model_func, open_model
from yogo.model.fusing import fused
from yogo.model.head import reset_head
from yogo.model.network import recognises, shapes

HW = (64, 96)
CLASSES = ("red", "white")
each = pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES)
in_colour = pytest.mark.parametrize("is_rgb", [False, True], ids=["grey", "colour"])


def detector(architecture: Architecture, *, is_rgb: bool = False) -> YOGO:
    """One whose batch norms have statistics that are not those of the beginning."""
    if architecture.builder == "convnext":
        pytest.importorskip("timm")
    torch.manual_seed(0)
    model = YOGO(HW, 0.1, 0.1, len(CLASSES), is_rgb, True, model_func=get_model_func(architecture.name))
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.running_mean is not None
            assert layer.running_var is not None
            layer.running_mean.normal_(std=0.1)
            layer.running_var.uniform_(0.5, 2)
    return model.eval()


def frames(model: YOGO) -> torch.Tensor:
    return torch.rand(2, 3 if model.is_rgb else 1, *HW)


@each
@in_colour
@torch.no_grad()
def test_it_predicts_a_cell_for_each_square_of_its_stride(architecture: Architecture, is_rgb: bool) -> None:
    model = detector(architecture, is_rgb=is_rgb)
    assert (model.Sy, model.Sx) == (HW[0] // architecture.stride, HW[1] // architecture.stride)
    predicted = model(frames(model))
    assert predicted.shape == (2, 5 + len(CLASSES), model.Sy, model.Sx)
    assert predicted.isfinite().all()


@each
@in_colour
def test_its_state_dict_is_recognised_by_itself_and_by_those_that_say_so_only(
    architecture: Architecture, is_rgb: bool
) -> None:
    detector(architecture)
    found = shapes(get_model_func(architecture.name), len(CLASSES), is_rgb)
    theirs = architecture.weights_of or architecture.name
    assert not ARCHITECTURES[theirs].weights_of
    alike = {one.name for one in ARCHITECTURES.values() if theirs in {one.name, one.weights_of}}
    assert {one.name for one in ARCHITECTURES.values() if recognises(one, found, len(CLASSES), is_rgb)} == alike
    assert not recognises(architecture, found, len(CLASSES) + 1, is_rgb)
    assert not recognises(architecture, found, len(CLASSES), not is_rgb)


@each
@torch.no_grad()
def test_it_opens_from_a_checkpoint_also_where_that_does_not_name_it(
    architecture: Architecture, tmp_path: Path
) -> None:
    path, model = tmp_path / "best.pth", detector(architecture)
    save_checkpoint(path, model, epoch=1, step=1, classes=CLASSES, run_name="owl")
    opened, notices = open_model(load_checkpoint(path))
    seen = frames(model)
    assert (opened.model_version, notices) == (architecture.name, ())
    assert torch.equal(opened.eval()(seen), model(seen))
    torch.save(torch.load(path, weights_only=True) | {"model_version": ""}, path)
    unnamed, (notice,) = open_model(load_checkpoint(path))
    assert unnamed.model_version == (architecture.weights_of or architecture.name)
    assert f"its weights are those of {unnamed.model_version}" in notice


@each
@torch.no_grad()
def test_fused_for_inference_it_says_the_same(architecture: Architecture) -> None:
    model = detector(architecture)
    seen = frames(model)
    before = model(seen)
    assert any(isinstance(layer, nn.BatchNorm2d) for layer in model.modules()) == architecture.fuses
    after = fused(model)(seen)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in model.modules())
    torch.testing.assert_close(after, before, rtol=1e-5, atol=1e-5)


@each
@torch.no_grad()
def test_it_takes_outputs_for_other_classes_and_keeps_those_of_boxes(architecture: Architecture) -> None:
    model = detector(architecture)
    found = shapes(get_model_func(architecture.name), 7, False)
    reset_head(model, 7)
    assert {key: value.shape for key, value in model.model.state_dict().items()} == found
    assert model(frames(model)).shape[1] == 5 + 7


def test_a_state_dict_of_no_architecture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.pth"
    model = YOGO(HW, 0.1, 0.1, 2, model_func=_of_its_own)
    save_checkpoint(path, model, epoch=1, step=1, classes=CLASSES, run_name="owl")
    with pytest.raises(CheckpointError, match="holds an unknown model"):
        open_model(load_checkpoint(path))


def _of_its_own(num_classes: int, is_rgb: bool = False) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3 if is_rgb else 1, 5 + num_classes, 9, stride=8, padding=4))
