"""The networks, built from the numbers in `yogo.architectures`: (B, 1 or 3, H, W) to (B, 5 + classes, Sy, Sx)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import torch
from torch import nn

from yogo.architectures import ARCHITECTURES, MODEL_NAMES, Architecture, Block
from yogo.distribution import installing
from yogo.errors import TrainingError


class ModelFunc(Protocol):
    """Builds a network for a number of classes and for grey or colour frames; its name is that of the network."""

    __name__: str

    def __call__(self, num_classes: int, is_rgb: bool = False) -> nn.Sequential: ...


def get_model_func(name: str) -> ModelFunc:
    """The builder of the network `name`. Raises TrainingError, listing the known names."""
    architecture = ARCHITECTURES.get(name)
    if architecture is None:
        raise TrainingError(f"there is no model named {name!r}; the models are {', '.join(MODEL_NAMES)}")

    def build(num_classes: int, is_rgb: bool = False) -> nn.Sequential:
        return BUILDERS[architecture.builder](architecture, num_classes, is_rgb)

    build.__name__ = name
    return build


def _stack(architecture: Architecture, num_classes: int, is_rgb: bool) -> nn.Sequential:
    blocks = architecture.blocks
    widths = (3 if is_rgb else 1, *(block.filters for block in blocks))
    layers = [_block(width, block) for width, block in zip(widths, blocks, strict=False)]
    return nn.Sequential(*layers, nn.Conv2d(widths[-1], 5 + num_classes, 1))


def _block(channels: int, block: Block) -> nn.Sequential:
    width = block.filters
    layers: list[nn.Module] = [nn.Conv2d(channels, width, 3, block.stride, padding=1, bias=block.bias)]
    layers += [nn.BatchNorm2d(width)] if block.norm else []
    layers += [nn.SiLU() if block.activation == "silu" else nn.LeakyReLU()]
    layers += [nn.Dropout2d(block.dropout)] if block.dropout else []
    return nn.Sequential(*layers)


def _convnext(architecture: Architecture, num_classes: int, is_rgb: bool) -> nn.Sequential:
    """timm's ConvNeXt (arXiv:2201.03545) without its head, and a transposed convolution back to a stride of 8."""
    try:
        import timm
    except ImportError:
        raise TrainingError(
            f"{architecture.name} needs the package timm, which is not installed: {installing('convnext')}"
        ) from None
    whole = timm.create_model(architecture.name, pretrained=False, num_classes=0, in_chans=3 if is_rgb else 1)
    network = nn.Sequential(*list(whole.children())[:-2])
    outputs = 5 + num_classes
    head = nn.Sequential(nn.Conv2d(768, outputs, 1), nn.ConvTranspose2d(outputs, outputs, 4, stride=4))
    network.add_module(architecture.mark, head)
    return network


BUILDERS: dict[str, Callable[[Architecture, int, bool], nn.Sequential]] = {"blocks": _stack, "convnext": _convnext}
"""What makes networks, for a number of classes and for grey or colour frames.

The last layer is a 1x1 convolution to 5 + classes channels, alone or in a Sequential before a transposed one of as
many: so `yogo.model.head.reset_head` finds the outputs.
"""


def initialise(network: nn.Module) -> None:
    """Kaiming normal weights (arXiv:1502.01852) and zero biases in each convolution, except transposed ones."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, a=0.01, mode="fan_out", nonlinearity="leaky_relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def grid_size(network: nn.Module, height: int, width: int) -> tuple[int, int]:
    """(Sx, Sy): columns and rows of the grid that the network's convolutions make from a frame."""
    size = [height, width]
    for layer in network.modules():
        if not isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            continue
        for axis, pixels in enumerate(size):
            kernel, stride, pad = layer.kernel_size[axis], layer.stride[axis], int(layer.padding[axis])
            if isinstance(layer, nn.ConvTranspose2d):
                size[axis] = (pixels - 1) * stride - 2 * pad + kernel
            else:
                size[axis] = (pixels + 2 * pad - kernel) // stride + 1
    return size[1], size[0]


def recognises(architecture: Architecture, found: Mapping[str, torch.Size], num_classes: int, is_rgb: bool) -> bool:
    """Whether a state dict of these shapes is one of this network."""
    if architecture.mark and not any(architecture.mark in key for key in found):
        return False
    return shapes(get_model_func(architecture.name), num_classes, is_rgb) == found


def shapes(build: ModelFunc, num_classes: int, is_rgb: bool) -> dict[str, torch.Size]:
    """Each key of the network's state dict with its shape, without allocating memory."""
    with torch.device("meta"):
        return {key: value.shape for key, value in build(num_classes, is_rgb).state_dict().items()}
