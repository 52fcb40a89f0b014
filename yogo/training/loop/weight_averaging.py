"""An average of the weights during training, which is often better than the last weights (arXiv:1803.05407)."""

from __future__ import annotations

import copy

import torch

from yogo.model import YOGO


class MovingAverage:
    """A second model whose weights and running statistics are the exponential moving average of the first one's."""

    def __init__(self, model: YOGO, decay: float) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay
        pairs = list(zip(self.model.state_dict().values(), model.state_dict().values(), strict=True))
        self._floats = [pair for pair in pairs if pair[0].is_floating_point()]
        self._others = [pair for pair in pairs if not pair[0].is_floating_point()]

    def follow(self, step: int) -> None:
        """Update the average with the weights after `step` steps.

        The first steps use a lower decay; otherwise the untrained weights would count for 1 / (1 - decay) steps.
        """
        decay = min(self.decay, (1 + step) / (10 + step))
        averages, weights = zip(*self._floats, strict=True)
        torch._foreach_lerp_(averages, weights, 1 - decay)
        for count, its in self._others:
            count.copy_(its)
