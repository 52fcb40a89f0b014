"""Replaces the class outputs of a detector for another list of classes, and keeps its box outputs."""

from __future__ import annotations

import torch
from torch import nn

from yogo.model.detector import YOGO
from yogo.model.network import initialise

NUM_BOX_OUTPUTS = 5
"""Outputs of a grid cell that are not classes: centre, size, objectness."""


def reset_head(model: YOGO, num_classes: int) -> None:
    """Give `model` outputs for `num_classes` classes, newly initialised from torch's global generator.

    The outputs of boxes and objectness stay as they are. A transposed convolution at the end, as convnext_small has,
    mixes the channels of boxes with those of the old classes: these mean nothing any more, and are left out of it.
    """
    name, last = list(model.model.named_children())[-1]
    if isinstance(last, nn.Conv2d):
        setattr(model.model, name, _fresh_convolution(last, NUM_BOX_OUTPUTS + num_classes))
    else:
        assert isinstance(last, nn.Sequential)
        narrow, wide = last
        last[0] = _fresh_convolution(narrow, NUM_BOX_OUTPUTS + num_classes)
        last[1] = _fresh_upsampling(wide, NUM_BOX_OUTPUTS + num_classes)
    model.num_classes.fill_(num_classes)


@torch.no_grad()
def _fresh_convolution(old: nn.Module, outputs: int) -> nn.Conv2d:
    """1x1, weights (outputs, channels, 1, 1): new ones but for the first five outputs'."""
    assert isinstance(old, nn.Conv2d)
    assert old.bias is not None
    new = nn.Conv2d(old.in_channels, outputs, 1).to(old.weight)
    initialise(new)
    assert new.bias is not None
    new.weight[:NUM_BOX_OUTPUTS], new.bias[:NUM_BOX_OUTPUTS] = old.weight[:NUM_BOX_OUTPUTS], old.bias[:NUM_BOX_OUTPUTS]
    return new


@torch.no_grad()
def _fresh_upsampling(old: nn.Module, outputs: int) -> nn.ConvTranspose2d:
    """Weights (channels, outputs, 4, 4): new ones but for those from the first five channels to as many outputs."""
    assert isinstance(old, nn.ConvTranspose2d)
    assert old.bias is not None
    new = nn.ConvTranspose2d(outputs, outputs, old.kernel_size, old.stride).to(old.weight)  # type: ignore[arg-type]
    initialise(new)
    assert new.bias is not None
    new.weight[NUM_BOX_OUTPUTS:, :NUM_BOX_OUTPUTS] = 0
    new.weight[:NUM_BOX_OUTPUTS, :NUM_BOX_OUTPUTS], new.bias[:NUM_BOX_OUTPUTS] = (
        old.weight[:NUM_BOX_OUTPUTS, :NUM_BOX_OUTPUTS],
        old.bias[:NUM_BOX_OUTPUTS],
    )
    return new
