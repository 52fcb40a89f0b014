"""An optimiser step: its batches' gradients, averaged over all processes, clamped, and taken."""

from __future__ import annotations

import contextlib

import torch
from torch import Tensor

from yogo.data.batch import Batch
from yogo.model import YOGO
from yogo.recipe import Recipe
from yogo.training.distributed import World
from yogo.training.divergence import Watch
from yogo.training.forward import Forward
from yogo.training.precision import Precision
from yogo.training.schedule import set_rate


class Stepper:
    """Takes steps of `model`: `add` each of a step's batches, then `take` it."""

    def __init__(
        self,
        recipe: Recipe,
        model: YOGO,
        world: World,
        precision: Precision,
        watch: Watch,
        *,
        class_weights: Tensor | None = None,
    ) -> None:
        """`class_weights` (classes,), on the device, multiply each training box's cross entropy."""
        self.model = model
        self.parameters = list[Tensor](model.parameters())
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
        )
        self.scaler = precision.scaler()
        self._world = world
        self._watch = watch
        self.network = world.parallel(model)
        """What is called in training: the model, or what torch wrapped it in."""
        self._forward = Forward(recipe, model, precision)
        self._class_weights = class_weights
        # Read once: asking the device for it at every step would wait for it.
        self.clip_value = float(model.clip_value)

    def add(self, batch: Batch, *, num_images: int, more_come: bool = False) -> Tensor:
        """Add the gradients of a batch on the device; its losses, in the order of `Losses`, without a gradient.

        While `more_come` for the same step, the processes keep their gradients to themselves.

        `num_images` is the divisor of the loss: pictures of the whole step, on all processes. The losses are this
        process's shares: their sum over processes and batches is the step's.
        """
        self.model.train()
        with self._world.accumulating(self.network) if more_come else contextlib.nullcontext():
            predictions = self._forward.predict(batch, self.network)
            # DDP averages the gradients, and the loss is the global batch's: hence the divisor.
            losses = self._forward.losses(predictions, batch, num_images / self._world.size, self._class_weights)
            with self._world.averaging():
                self.scaler.scale(self._watch.guarded(losses.loss)).backward()
        return torch.stack(losses).detach() / self._world.size

    def take(self, rate: float) -> None:
        """Change the weights, unless the watch forbids it."""
        set_rate(self.optimizer, rate)
        self.scaler.unscale_(self.optimizer)
        # After the all-reduce that backward did: clamped sooner, each process would clamp its own share, and
        # their number would change the result.
        torch.nn.utils.clip_grad_value_(self.parameters, self.clip_value, foreach=self._world.device.type == "cuda")
        if not self.scaler.is_enabled():  # else it looks for itself, and an overflow of fp16 is nothing bad
            gradients = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
            self.optimizer.found_inf = self._watch.judged(gradients)  # type: ignore[attr-defined]
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
