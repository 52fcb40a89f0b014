"""What callers of the published YOGO do with a model, beside what our own code does with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from yogo.data.utils import read_image
from yogo.model import YOGO, get_model_func

HW = (64, 96)


def model(*, is_rgb: bool = False, name: str = "quarter_filters") -> YOGO:
    torch.manual_seed(0)
    return YOGO(HW, 0.1, 0.1, 2, is_rgb=is_rgb, model_func=get_model_func(name)).eval()


@pytest.mark.parametrize("kind", [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool])
def test_whole_numbers_are_taken_as_the_same_floats(kind: torch.dtype) -> None:
    images = torch.randint(0, 127, (2, 1, *HW)).to(kind)
    network = model()
    assert torch.equal(network(images), network(images.float()))
    assert torch.equal(network.double()(images), network(images.double()))


@pytest.mark.parametrize("is_rgb", [False, True])
def test_a_picture_is_a_batch_of_one(tmp_path: Path, is_rgb: bool) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (*HW, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    picture = read_image(tmp_path / "a.png", rgb=is_rgb)
    network = model(is_rgb=is_rgb)
    assert network(picture).shape == (1, 7, network.Sy, network.Sx)
    assert torch.equal(network(picture), network(picture[None]))


def test_grey_frames_need_no_channel() -> None:
    frames, network = torch.rand(3, *HW), model()
    torch.testing.assert_close(network(frames), network(frames[:, None]))


def test_a_model_tells_its_size_and_norms() -> None:
    network = model()
    assert network.num_params() == network.num_parameters == sum(one.numel() for one in network.parameters())
    assert network.get_img_size() == HW
    assert network.grad_norm() == 0
    network(torch.rand(1, 1, *HW)).sum().backward()
    expected = torch.cat([one.grad.flatten() for one in network.parameters() if one.grad is not None]).norm()
    assert network.grad_norm() == pytest.approx(float(expected), rel=1e-5)
    weights = torch.cat([one.detach().flatten() for one in network.parameters()])
    assert network.param_norm() == pytest.approx(float(weights.norm()), rel=1e-5)


def test_a_transposed_convolution_begins_as_torch_has_it() -> None:
    pytest.importorskip("timm")
    network = model(name="convnext_small")
    (up,) = (layer for layer in network.modules() if isinstance(layer, torch.nn.ConvTranspose2d))
    # torch draws evenly from within 1 / sqrt(outputs x kernel area) around 0, the bias too.
    bound = (up.out_channels * 16) ** -0.5
    assert 0.9 * bound < float(up.weight.detach().abs().max()) <= bound
    assert up.bias is not None
    assert float(up.bias.detach().abs().max()) > 0
