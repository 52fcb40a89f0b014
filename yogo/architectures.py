"""The available networks by name, described by numbers. Imports only the standard library.

Every network but convnext_small is a row of blocks (a 3x3 convolution, batch norm where asked, an
activation, dropout of whole channels where asked), then a 1x1 convolution to 5 + classes channels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True, slots=True)
class Block:
    filters: int
    """Output channels of the convolution."""

    stride: int = 1
    norm: bool = False
    bias: bool = True
    """Whether the convolution has a bias."""

    dropout: float = 0.0
    """Share of the channels dropped in training."""

    activation: Literal["leaky_relu", "silu"] = "leaky_relu"


def _base(width: int) -> tuple[Block, ...]:
    """base_model, whose first convolution has 16 filters; the others grow with it."""
    return (
        Block(width, stride=2, norm=True, bias=False),
        Block(2 * width, dropout=0.05),
        Block(4 * width, stride=2, dropout=0.1),
        Block(8 * width, dropout=0.15),
        Block(8 * width, stride=2, norm=True, bias=False),
        Block(8 * width, norm=True),
        Block(8 * width),
    )


@dataclass(frozen=True, slots=True)
class Architecture:
    """A network that can be chosen by its name."""

    name: str
    blocks: tuple[Block, ...] = ()
    """Of a network that is a row of blocks."""

    builder: str = "blocks"
    """What makes it of this: a name in `yogo.model.network.BUILDERS`."""

    stride: int = 8
    """Pixels of the frame along a side of a grid cell."""

    fuses: bool = True
    """Whether it has batch norms, which inference folds into the convolutions before them."""

    mark: str = ""
    """A part of keys that only its state dicts have; empty where the shapes of the weights tell enough."""

    weights_of: str = ""
    """Another entry whose weights have the same shapes: a file that names no network is taken for that one's."""


ARCHITECTURES = {
    one.name: one
    for one in (
        Architecture("base_model", _base(16)),
        Architecture(
            "silu_model", tuple(replace(block, activation="silu") for block in _base(16)), weights_of="base_model"
        ),
        Architecture("double_filters", _base(32)),
        Architecture("triple_filters", _base(48)),
        Architecture("half_filters", _base(8)),
        Architecture("quarter_filters", _base(4)),
        Architecture(
            "depth_ver_0",
            (
                Block(32, stride=2, norm=True, bias=False),
                Block(128, stride=2, dropout=0.1),
                Block(128, stride=2, norm=True, bias=False),
            ),
        ),
        Architecture(
            "depth_ver_1",
            (
                Block(16, stride=2, norm=True, bias=False),
                Block(64, stride=2, dropout=0.1),
                Block(128, dropout=0.15),
                Block(128, stride=2, norm=True, bias=False),
                Block(128),
            ),
        ),
        Architecture("depth_ver_2", _base(16), weights_of="base_model"),
        Architecture(
            "depth_ver_3",
            (
                Block(16, stride=2, norm=True, bias=False),
                Block(32, dropout=0.05),
                Block(32, dropout=0.05),
                Block(64, stride=2, dropout=0.1),
                Block(128, dropout=0.15),
                Block(128, norm=True),
                Block(128, stride=2, bias=False),
                Block(128, norm=True),
                Block(128),
            ),
        ),
        Architecture(
            "depth_ver_4",
            (
                Block(16, stride=2, norm=True, bias=False),
                Block(16),
                Block(32, dropout=0.05),
                Block(32, dropout=0.05),
                Block(64, stride=2, dropout=0.1),
                Block(64),
                Block(128, dropout=0.15),
                Block(128, norm=True),
                Block(128, stride=2),
                Block(128, norm=True),
                Block(128),
            ),
        ),
        Architecture("convnext_small", builder="convnext", fuses=False, mark="format time!"),
    )
}

MODEL_NAMES = tuple(ARCHITECTURES)
