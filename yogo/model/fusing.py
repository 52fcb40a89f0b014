"""A detector made faster for inference: its answers stay the same, and it can be trained no more."""

from __future__ import annotations

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from yogo.architectures import ARCHITECTURES
from yogo.model.detector import YOGO


def fused(model: YOGO) -> YOGO:
    """`model` itself, in eval mode, each batch norm folded into the convolution before it where it has any."""
    architecture = ARCHITECTURES.get(model.model_version)  # None: a network of the caller's own
    for block in [module for module in model.model.modules() if isinstance(module, nn.Sequential)]:
        if architecture is None or architecture.fuses:
            _fold_norms(block)
        for layer in block:
            if isinstance(layer, nn.LeakyReLU | nn.SiLU):
                layer.inplace = True
    return model.requires_grad_(False)


def _fold_norms(block: nn.Sequential) -> None:
    for place in range(len(block) - 1):
        convolution, norm = block[place], block[place + 1]
        if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            block[place] = fuse_conv_bn_eval(convolution, norm)
            block[place + 1] = nn.Identity()
