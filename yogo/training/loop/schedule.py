"""The learning rate: a pure function of the step, so that a resumed run needs no schedule's state."""

from __future__ import annotations

import math

from torch.optim import Optimizer


def rate_of(step: int, num_steps: int, first: float, last: float, *, warmup_steps: int = 0) -> float:
    """The rate of `step`, from 0: a straight rise over the warm-up's steps, then a cosine over the others."""
    if step < warmup_steps:
        return first * (step + 1) / (warmup_steps + 1)
    return cosine(step - warmup_steps, num_steps - warmup_steps, first, last)


def cosine(step: int, num_steps: int, first: float, last: float) -> float:
    """The rate of `step`, from 0: `first` at 0, `last` at the last of `num_steps`, half a cosine between."""
    progress = step / max(1, num_steps - 1)
    return last + (first - last) * (1 + math.cos(math.pi * min(1.0, progress))) / 2


def set_rate(optimizer: Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
