"""The training loop, as an iterator of events. It knows the model and the clock, and nothing of who listens."""

from __future__ import annotations

import functools
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from yogo.data.batch import Batch
from yogo.loss import Losses
from yogo.metrics.boxes import Evidence
from yogo.metrics.measure import measure, summary
from yogo.model import YOGO
from yogo.recipe import Recipe
from yogo.run import events
from yogo.training import signals
from yogo.training.distributed import World
from yogo.training.evaluation import announced, evaluate
from yogo.training.forward import Forward
from yogo.training.keeping import File, Keeper, Position
from yogo.training.precision import Precision
from yogo.training.progress import Event, Phase, Progressed
from yogo.training.reading import ADVICE, Diverged, Reader
from yogo.training.schedule import cosine, set_rate


class Batches(Protocol):
    """This process's share of each batch, in order; every process sees equally many."""

    @property
    def global_batch_sizes(self) -> Sequence[int]:
        """Pictures of each batch, over all processes."""

    def set_epoch(self, epoch: int, start_batch: int = 0) -> None: ...

    def __iter__(self) -> Iterator[Batch]: ...


class Augmentation(Protocol):
    def set_epoch(self, epoch: int) -> None: ...

    def __call__(self, batch: Batch) -> Batch: ...


@dataclass(frozen=True, slots=True)
class Sets:
    """What a run trains on; none where a set is empty."""

    train: Batches
    val: Batches | None = None
    test: Batches | None = None
    augmentation: Augmentation | None = None
    class_weights: Tensor | None = None
    """(classes,), on the device: what a training box's cross entropy is multiplied by."""


class Trainer:
    def __init__(
        self,
        recipe: Recipe,
        model: YOGO,
        sets: Sets,
        world: World,
        *,
        precision: Precision,
        keeper: Keeper,
        inbox: signals.Inbox,
        attempt: int = 0,
        position: Position | None = None,
        classes: Sequence[str] | None = None,
    ) -> None:
        self.recipe = recipe
        self.model = model.to(memory_format=torch.channels_last)
        self._parameters = list[Tensor](model.parameters())
        self.sets = sets
        self.world = world
        self.precision = precision
        self.keeper = keeper
        self.inbox = inbox
        self.attempt = attempt
        self.at = position or Position()
        self.classes = tuple(classes or map(str, range(int(model.num_classes))))
        self.network = world.parallel(self.model)
        self.forward = Forward(recipe, self.model, precision)
        self.optimizer = torch.optim.AdamW(
            self._parameters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
        )
        self.scaler = precision.scaler()
        self.reader = Reader(world)
        # Read once: asking the device for it at every step would wait for it.
        self._clip = float(model.clip_value)

    @property
    def steps_per_epoch(self) -> int:
        return len(self.sets.train.global_batch_sizes)

    @property
    def num_steps(self) -> int:
        return self.recipe.epochs * self.steps_per_epoch

    def fit(self) -> Iterator[Event]:
        """Train to the end, yielding what happens as it happens. Raises signals.Stop once a stop asked for is saved."""
        yield self._beginning()
        while self.at.epoch < self.recipe.epochs:
            yield from self._train_epoch()
            yield from self._end_epoch()

    def test(self) -> Iterator[Event]:
        """The losses and metrics over the test set, of the model as it stands."""
        if self.sets.test is not None:
            losses, evidence = yield from self._evaluate(self.sets.test, "test")
            if self.world.leads:
                yield from announced(measure(evidence, self.classes), losses, self.attempt)

    def _beginning(self) -> Event:
        self.reader.restart_clock()
        if self.at.step:
            return events.Resumed(attempt=self.attempt, epoch=self.at.epoch, step=self.at.step)
        return events.Started(
            attempt=self.attempt,
            epochs=self.recipe.epochs,
            steps_per_epoch=self.steps_per_epoch,
            num_train=sum(self.sets.train.global_batch_sizes),
            num_val=sum(self.sets.val.global_batch_sizes) if self.sets.val else 0,
        )

    def _train_epoch(self) -> Iterator[Event]:
        """The batches that are left of the epoch."""
        if self.at.batch >= self.steps_per_epoch:
            return
        self.sets.train.set_epoch(self.at.epoch, self.at.batch)
        if self.sets.augmentation is not None:
            self.sets.augmentation.set_epoch(self.at.epoch)
        asked = time.monotonic()
        for batch in self.sets.train:
            waited = time.monotonic() - asked
            size = self.sets.train.global_batch_sizes[self.at.batch]
            rate = self._set_rate()
            self.reader.add(self._train_step(batch, size), size, waited)
            self.at.batch += 1
            self.at.step += 1
            yield Progressed("train", self.at.epoch, self.at.batch, self.steps_per_epoch)
            is_last = self.at.batch == self.steps_per_epoch
            signum, is_due = self.world.agree(self.inbox.pending, self.reader.is_due or is_last)
            if is_due or signum:
                yield from self._read(rate)
            if signum:
                yield from self._stop(signum)
            asked = time.monotonic()

    def _train_step(self, batch: Batch, global_size: int) -> Losses:
        """One optimiser step. DDP averages the gradients, and the loss is the global batch's: hence the divisor."""
        self._seed_dropout()
        self.model.train()
        batch = batch.to(self.world.device)
        if self.sets.augmentation is not None:
            batch = self.sets.augmentation(batch)
        predictions = self.forward.predict(batch, self.network)
        losses = self.forward.losses(predictions, batch, global_size / self.world.size, self.sets.class_weights)
        with self.world.averaging():
            self.scaler.scale(losses.loss).backward()
        self.scaler.unscale_(self.optimizer)
        # After the all-reduce that backward did: clamped sooner, each process would clamp its own share, and
        # their number would change the result.
        torch.nn.utils.clip_grad_value_(self._parameters, self._clip, foreach=self.world.device.type == "cuda")
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        return losses

    def _seed_dropout(self) -> None:
        """What is left out follows from the step and the process: a resumed run draws what it would have drawn."""
        seed = (self.recipe.seed * 1_000_003 + self.at.step) * self.world.size + self.world.place.rank
        torch.manual_seed(seed % 2**63)

    def _set_rate(self) -> float:
        first = self.recipe.learning_rate
        rate = cosine(self.at.step, self.num_steps, first, first / self.recipe.lr_decay_factor)
        set_rate(self.optimizer, rate)
        return rate

    def _read(self, rate: float) -> Iterator[Event]:
        event = self.reader.read(step=self.at.step, epoch=self.at.epoch, rate=rate)
        if event is not None:
            yield event.model_copy(update={"attempt": self.attempt})

    def _end_epoch(self) -> Iterator[Event]:
        """Validate, and keep what came of it."""
        epoch, loss = self.at.epoch, None
        if self.sets.val is not None:
            losses, evidence = yield from self._evaluate(self.sets.val, "validate")
            figures = summary(evidence, self.classes) if self.world.leads else {}
            yield events.Validated(attempt=self.attempt, step=self.at.step, epoch=epoch, losses=losses, metrics=figures)
            loss = losses.loss
        self.at.epoch, self.at.batch = epoch + 1, 0
        if loss is None or self.at.best_loss is None or loss < self.at.best_loss:
            self.at.best_loss, self.at.best_epoch = loss, epoch
            yield self._keep("best.pth")
        yield self._keep("last.pth")
        self.reader.restart_clock()

    def _evaluate(self, batches: Batches, phase: Phase) -> Generator[Event, None, tuple[events.Losses, Evidence]]:
        stop = functools.partial(self._stop_if_asked, save=phase == "validate")
        return (yield from evaluate(self.forward, batches, self.world, phase=phase, epoch=self.at.epoch, stop=stop))

    def _stop_if_asked(self, *, save: bool) -> Iterator[Event]:
        (signum,) = self.world.agree(self.inbox.pending)
        if signum:
            yield from self._stop(signum, save=save)

    def _stop(self, signum: int, *, save: bool = True) -> Iterator[Event]:
        """While it is tested the model has the best weights: they are not the last ones, which are saved already."""
        if save:
            yield self._keep("last.pth")
        yield events.Signalled(attempt=self.attempt, signal=signals.name(signum), step=self.at.step)
        raise signals.Stop(signum)

    def _keep(self, file: File) -> Event:
        """Replace a checkpoint, never a good one by one that is none."""
        norms = torch.stack(torch._foreach_norm(self._parameters))
        if not bool(norms.isfinite().all()):
            raise Diverged(f"a weight was no finite number after step {self.at.step}: {ADVICE}")
        self.keeper.keep(file, self.model, self.optimizer, self.scaler, self.at)
        return events.Checkpointed(
            attempt=self.attempt, step=self.at.step, epoch=self.at.epoch, file=file, loss=self.at.best_loss
        )
