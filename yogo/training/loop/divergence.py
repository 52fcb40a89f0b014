"""A NaN or infinite loss ends the run without changing the weights.

The device blocks every later step: the optimizer reads a flag on the device that says whether it may change the
weights. The host learns of it when the numbers are copied: at once on the CPU, a step or two later on a GPU, for
which it never waits.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from yogo.distributed.world import World
from yogo.errors import TrainingError

ADVICE = (
    "the run has diverged. The last good checkpoint is kept; a lower --learning-rate, or --precision fp32, may help"
)

MOST_UNKNOWN = 2
"""Steps that a process may begin before it knows the result of the first of them."""

MOST_NAMED = 8
"""Number of images that are named; a step may have hundreds."""


class Diverged(TrainingError):
    """A loss or a weight is NaN or infinite."""


@dataclass(frozen=True, slots=True)
class _PendingStep:
    """A step of this process, whose numbers may still be on their way to the host."""

    number: int
    epoch: int
    indices: tuple[Tensor, ...]
    """Indices of its images."""

    numbers: Tensor
    """Its loss, and 1.0 if it was blocked."""

    copied: torch.cuda.Event | None

    def is_known(self, *, wait: bool) -> bool:
        if self.copied is not None and wait:
            self.copied.synchronize()
        return self.copied is None or self.copied.query()

    @property
    def is_good(self) -> bool:
        loss, blocked = self.numbers.tolist()
        return math.isfinite(loss) and not blocked


@dataclass(frozen=True, slots=True)
class _Report:
    """One process's report of its first bad step."""

    number: int
    epoch: int
    loss: float
    pictures: tuple[str, ...]


class DivergenceGuard:
    """Of one process over its steps, in which each is `guarded`, then `judged`, then `noted`."""

    def __init__(self, world: World, pictures: Sequence[str] = ()) -> None:
        self._world = world
        self._pictures = pictures
        self._blocked = torch.zeros((), dtype=torch.float32, device=world.device)
        self._steps: deque[_PendingStep] = deque()
        self._bad: _PendingStep | None = None

    def checked_loss(self, loss: Tensor) -> Tensor:
        """The loss for backward: as it is, or else NaN. So are all gradients then, on every process."""
        self._blocked = torch.maximum(self._blocked, (~loss.detach().isfinite()).float())
        # `torch.where` would copy its two numbers to the device and wait for that.
        return loss * torch.ones_like(self._blocked).masked_fill(self._blocked > 0, torch.nan)

    def checked_gradients(self, gradients: Sequence[Tensor]) -> Tensor:
        """1.0 if the optimizer must not change the weights, else 0.0: a scalar on the device, for fused optimizers."""
        norm = torch.nn.utils.get_total_norm(gradients)
        self._blocked = torch.maximum(self._blocked, norm.isnan().float())
        return self._blocked

    def note(self, loss: Tensor, indices: Sequence[Tensor], *, step: int, epoch: int) -> None:
        """A step that was begun: its loss on the device, this process's images, and which it is, from 1."""
        numbers = torch.stack((loss.detach().float(), self._blocked)).to("cpu", non_blocking=True)
        copied = None
        if self._world.device.type == "cuda":
            copied = torch.cuda.Event()
            copied.record()
        self._steps.append(_PendingStep(step, epoch, tuple(indices), numbers, copied))

    def has_diverged(self, *, wait: bool = False) -> bool:
        """Whether a step is known to be bad; if `wait`, all of them are known."""
        while self._steps and self._steps[0].is_known(wait=wait or len(self._steps) > MOST_UNKNOWN):
            step = self._steps.popleft()
            self._bad = self._bad or (None if step.is_good else step)
        return self._bad is not None

    def error(self) -> Diverged:
        """The same on every process; all of them must ask. It names the images of those that saw it first."""
        self.has_diverged(wait=True)
        reports = [report for report in self._world.all_gather(self._report()) if report is not None]
        first = min(report.number for report in reports)
        reports = [report for report in reports if report.number == first]
        seen_by = [report for report in reports if not math.isfinite(report.loss)]
        what = f"the loss was {seen_by[0].loss}" if seen_by else "a gradient was NaN or infinite"
        # A weighted sampler may have drawn one of them twice.
        pictures = list(dict.fromkeys(name for report in seen_by or reports for name in report.pictures))
        more = f" and {len(pictures) - MOST_NAMED} more" if len(pictures) > MOST_NAMED else ""
        named = f". Its images: {', '.join(pictures[:MOST_NAMED])}{more}" if pictures else ""
        return Diverged(f"{what} at step {first}, in epoch {reports[0].epoch + 1}: {ADVICE}{named}")

    def _report(self) -> _Report | None:
        if self._bad is None:
            return None
        places = [place for part in self._bad.indices for place in part.tolist()] if self._pictures else []
        names = tuple(map(self._name, places))
        return _Report(self._bad.number, self._bad.epoch, float(self._bad.numbers[0]), names)

    def _name(self, place: int) -> str:
        """Composed frames follow the images, and have no file."""
        num_made = place - len(self._pictures) + 1
        return f"composed frame {num_made}" if num_made > 0 else str(self._pictures[place])
