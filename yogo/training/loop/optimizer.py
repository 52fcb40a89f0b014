"""An optimizer step: the gradients of its batches are averaged over all processes, clipped and applied."""

from __future__ import annotations

import contextlib

import torch
from torch import Tensor

from yogo.datasets.batch import Batch
from yogo.device.precision import Precision
from yogo.distributed.world import World
from yogo.model import YOGO
from yogo.recipe import Recipe
from yogo.training.loop.divergence import DivergenceGuard
from yogo.training.loop.forward import Forward
from yogo.training.loop.schedule import set_rate


class Stepper:
    """Takes steps of `model`: `add` each of a step's batches, then `take` it."""

    def __init__(
        self,
        recipe: Recipe,
        model: YOGO,
        world: World,
        precision: Precision,
        watch: DivergenceGuard,
        *,
        class_weights: Tensor | None = None,
    ) -> None:
        """`class_weights` (classes,), on the device, multiply each training box's cross entropy."""
        self.model = model
        self.parameters = list[Tensor](model.parameters())
        # `step` sets another rate each time; this one is that of a checkpoint before the first.
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
        )
        self.scaler = precision.scaler()
        self._world = world
        self._watch = watch
        self.network = world.wrap_ddp(model)
        """What is called in training: the model, or torch's wrapper around it."""
        self._forward = Forward(recipe, model, precision, class_weights=class_weights)
        # Read once, because reading it from the device at every step would wait for it.
        self.clip_value = float(model.clip_value)

    def accumulate(self, batch: Batch, *, num_images: int, more_come: bool = False) -> Tensor:
        """Add the gradients of a batch on the device; its losses, in the order of `Losses`, without a gradient.

        While `more_come` for the same step, gradients are not averaged over the processes yet.

        `num_images`, the divisor of the loss, is the number of images of the whole step on all processes. The losses
        are this process's shares: their sum over processes and batches is the loss of the step.
        """
        self.model.train()
        with self._world.no_sync(self.network) if more_come else contextlib.nullcontext():
            predictions = self._forward.predict(batch, self.network)
            # DDP averages the gradients, and the loss is the global batch's: hence the divisor.
            losses = self._forward.losses(predictions, batch, num_images / self._world.size)
            with self._world.averaging():
                self.scaler.scale(self._watch.checked_loss(losses.loss)).backward()
        return torch.stack(losses).detach() / self._world.size

    def step(self, rate: float) -> None:
        """Change the weights, unless the watch forbids it."""
        set_rate(self.optimizer, rate)
        self.scaler.unscale_(self.optimizer)
        # Clip after the all-reduce in backward: before it, each process would clip its own share, and
        # the number of processes would change the result.
        torch.nn.utils.clip_grad_value_(self.parameters, self.clip_value, foreach=self._world.device.type == "cuda")
        if not self.scaler.is_enabled():  # else the scaler checks, and an overflow of fp16 is harmless
            gradients = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
            self.optimizer.found_inf = self._watch.checked_gradients(gradients)  # type: ignore[attr-defined]
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
