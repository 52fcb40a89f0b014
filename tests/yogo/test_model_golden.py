"""The networks against what published yogo gives for the same weights."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from tests.golden_files import golden_file
from yogo.architectures import ARCHITECTURES, MODEL_NAMES
from yogo.model import YOGO, get_model_func

PRECISION = 1e-5
"""Of the largest number that the network gives. Each processor adds up in an order of its own, and rounds to about a
tenth of this; the exponential of the sizes makes a large number's rounding as many times larger."""


def assert_same_answers(model: YOGO, frames: torch.Tensor, golden: np.ndarray) -> None:
    """The model's answers to `frames` are the golden ones on any processor; sizes are compared by their logarithm."""
    with torch.no_grad():
        largest = float(model.eval().model(frames).abs().max())
        given, expected = model(frames).double(), torch.from_numpy(golden).double()
    tolerance = PRECISION * max(largest, 1.0)
    for answers in (given, expected):
        answers[:, 2:4] = answers[:, 2:4].log()
    torch.testing.assert_close(given, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", ["half_gray_raw", "quarter_gray_norm", "quarter_full_size"])
def test_a_published_checkpoint_gives_the_published_answers(name: str) -> None:
    golden = np.load(golden_file(f"{name}.npz"))
    for inference, out in ((False, "out"), (True, "out_inference")):
        model, info = YOGO.from_pth(golden_file(f"{name}.pth"), inference=inference)
        frames = torch.from_numpy(golden["images"]).float()
        assert_same_answers(model, frames / 255 if info["normalize_images"] else frames, golden[out])


@pytest.mark.parametrize("name", ["quarter_gray_norm", "quarter_full_size"])
def test_the_order_of_the_memory_changes_no_answer(name: str) -> None:
    golden = np.load(golden_file(f"{name}.npz"))
    model, _ = YOGO.from_pth(golden_file(f"{name}.pth"), inference=True)
    frames = torch.from_numpy(golden["images"]).to(memory_format=torch.channels_last) / 255
    assert_same_answers(model.to(memory_format=torch.channels_last), frames, golden["out_inference"])


def test_a_resized_model_gives_the_published_answers_on_a_crop() -> None:
    golden = np.load(golden_file("quarter_gray_norm.npz"))
    model, _ = YOGO.from_pth(golden_file("quarter_gray_norm.pth"), inference=True)
    height = int(golden["crop_height"])
    model.resize_model(img_height=height)
    frames = torch.from_numpy(golden["images"][:, :, :height]).float() / 255
    assert_same_answers(model, frames, golden["out_cropped"])


@pytest.mark.parametrize("is_rgb", [False, True], ids=["grey", "colour"])
@pytest.mark.parametrize("name", [name for name, one in ARCHITECTURES.items() if one.blocks])
def test_every_network_has_the_published_weights_and_grid(name: str, is_rgb: bool) -> None:
    golden = json.loads(golden_file("state_dicts.json").read_text())[f"{name}_rgb" if is_rgb else name]
    model = YOGO((772, 1032), 0.04, 0.05, 7, is_rgb=is_rgb, model_func=get_model_func(name))
    state = {k: [str(v.dtype).removeprefix("torch."), list(v.shape)] for k, v in model.state_dict().items()}
    assert state == golden["state_dict"]
    assert model.num_parameters == golden["num_params"]
    assert [model.Sx, model.Sy] == golden["grid_SxSy"] == list(model.get_grid_size())
    assert model.model_version == golden["model_version"]


@pytest.mark.parametrize("name", [name for name, one in ARCHITECTURES.items() if one.blocks])
def test_every_network_has_the_published_layers(name: str) -> None:
    golden = json.loads(golden_file("architectures.json").read_text())[name]
    blocks = list(get_model_func(name)(7).children())
    assert [[_layer(layer) for layer in block.modules() if not list(layer.children())] for block in blocks] == [
        block if isinstance(block, list) else [block] for block in golden
    ]
    assert name in MODEL_NAMES


def _layer(layer: torch.nn.Module) -> dict[str, object]:
    match layer:
        case torch.nn.Conv2d():
            return {
                "conv": [layer.in_channels, layer.out_channels],
                "kernel": layer.kernel_size[0],
                "stride": layer.stride[0],
                "padding": layer.padding[0],
                "bias": layer.bias is not None,
            }
        case torch.nn.BatchNorm2d():
            return {"batchnorm": layer.num_features, "eps": layer.eps, "momentum": layer.momentum}
        case torch.nn.LeakyReLU():
            return {"leaky_relu": layer.negative_slope}
        case torch.nn.SiLU():
            return {"silu": True}
        case torch.nn.Dropout2d():
            return {"dropout2d": layer.p}
    raise AssertionError(f"a layer of an unexpected kind: {layer}")
