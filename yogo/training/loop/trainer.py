"""The training loop, as an iterator of events. It knows the model and the clock, but not its listeners."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from yogo import signals
from yogo.datasets.augment import Augmentation, Compose
from yogo.datasets.batch import Batches
from yogo.device.precision import Precision
from yogo.distributed.world import World
from yogo.metrics.assay import AssayBasis
from yogo.metrics.boxes import EvaluationData
from yogo.metrics.count_thresholds import choose_thresholds
from yogo.metrics.measure import Figures, measure, summary
from yogo.model import YOGO
from yogo.recipe import Recipe
from yogo.run import events
from yogo.run.best import CRITERIA
from yogo.run.correction import CountCorrection
from yogo.run.count_thresholds import CountThresholds
from yogo.text.wording import counted
from yogo.training.checkpoints.checkpointer import Checkpointer, File, Position, TrainingState
from yogo.training.loop.divergence import ADVICE, Diverged, DivergenceGuard
from yogo.training.loop.evaluate import announced, evaluate
from yogo.training.loop.feed import Feed
from yogo.training.loop.forward import Forward
from yogo.training.loop.loss_reader import LossReader
from yogo.training.loop.optimizer import Stepper
from yogo.training.loop.schedule import rate_of
from yogo.training.loop.weight_averaging import MovingAverage
from yogo.training.plan import TrainingPlan
from yogo.training.progress import Event, Phase, Progressed, Reviewed


@dataclass(frozen=True, slots=True)
class Sets:
    """The data sets of a run; None for an empty set."""

    train: Batches
    val: Batches | None = None
    test: Batches | None = None
    augmentation: Augmentation = field(default_factory=lambda: Compose(()))
    class_weights: Tensor | None = None
    """(classes,), on the device: factors of the training boxes' cross entropy."""
    pictures: Sequence[str] = ()
    """Files of the training set, in the order of the batches' indices."""
    val_assay: AssayBasis | None = None
    test_assay: AssayBasis | None = None


class Trainer:
    def __init__(
        self,
        recipe: Recipe,
        model: YOGO,
        sets: Sets,
        world: World,
        *,
        precision: Precision,
        checkpointer: Checkpointer,
        inbox: signals.StopRequests,
        attempt: int = 0,
        classes: Sequence[str] | None = None,
    ) -> None:
        self.recipe = recipe
        self.model = model.to(memory_format=torch.channels_last)
        self.sets = sets
        self.world = world
        self.precision = precision
        self.checkpointer = checkpointer
        self.inbox = inbox
        self.attempt = attempt
        self.at = Position(best_by=recipe.best_by)
        # Of the weights as they were validated last, on the main process; None once they have changed.
        self.count_thresholds: CountThresholds | None = None
        self.count_correction: CountCorrection | None = None

        self.judge: Callable[[], str] | None = None
        """Says why the run is not worth going on; empty if it is. The main process's counts, and where one has a
        judge, all have."""

        self.given_up = ""
        """What the judge said."""

        self.classes = tuple(classes or map(str, range(int(model.num_classes))))
        self.watch = DivergenceGuard(world, sets.pictures)
        weights = sets.class_weights
        self.stepper = Stepper(recipe, self.model, world, precision, self.watch, class_weights=weights)
        self.average = MovingAverage(self.model, recipe.ema_decay) if recipe.ema_decay else None
        self.forward = Forward(recipe, self.result, precision)
        self.reader = LossReader(world)

    @property
    def result(self) -> YOGO:
        """The model that is validated, tested and saved: the one that trains, or the average of its weights."""
        return self.model if self.average is None else self.average.model

    @property
    def num_batches(self) -> int:
        """Batches in an epoch."""
        return len(self.sets.train.global_batch_sizes)

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps in an epoch; the last may have fewer batches than the others."""
        return math.ceil(self.num_batches / self.recipe.accumulate)

    @property
    def global_batch_size(self) -> int:
        """Images of a whole step, on all processes."""
        return sum(self.sets.train.global_batch_sizes[: self.recipe.accumulate])

    @property
    def learning_rate(self) -> float:
        """Peak learning rate after warm-up."""
        batches_a_step = min(self.recipe.accumulate, self.num_batches)
        scale = self.world.size * batches_a_step if self.recipe.scale_lr else 1
        return self.recipe.learning_rate * scale

    @property
    def num_steps(self) -> int:
        return self.recipe.epochs * self.steps_per_epoch

    @property
    def ended_early(self) -> str:
        """Why the run ends before its last epoch; empty if it does not."""
        if self.given_up:
            return self.given_up
        patience, best = self.recipe.early_stopping, self.at.best_epoch
        is_last = self.at.epoch >= self.recipe.epochs
        if not patience or best is None or is_last or self.at.epoch - 1 - best < patience:
            return ""
        waited, chosen = counted(patience, "epoch"), CRITERIA[self.recipe.best_by]
        return f"stopped early: in {waited} the {chosen.words} was never {chosen.worse} than in epoch {best + 1}"

    def fit(self) -> Iterator[Event]:
        """Train to the end and yield events as they happen. Raises signals.Stop once a requested stop is saved."""
        yield from self._beginning()
        self._hear_judge()
        while self.at.epoch < self.recipe.epochs and not self.ended_early:
            yield from self._train_epoch()
            yield from self._end_epoch()
            self._hear_judge()

    def _hear_judge(self) -> None:
        if self.judge is not None:
            said = self.judge()
            (is_over,) = self.world.all_reduce_max(bool(said))
            self.given_up = said or "the main process says so" if is_over else ""

    def test(self, plan: TrainingPlan) -> Iterator[Event]:
        """The losses, metrics and boxes of the current model, the best of `plan`, on the test set."""
        if self.sets.test is not None:
            losses, evidence = yield from self._evaluate(self.sets.test, "test")
            if self.world.is_main:
                assay = self.sets.test_assay and replace(self.sets.test_assay, own=self.count_correction)
                own = self.count_thresholds
                measured = measure(evidence, self.classes, own=own, count_intervals=False, assay=assay)
                yield from announced(measured, losses, plan, evidence)
                yield Reviewed("test", evidence)

    def review(self) -> Iterator[Event]:
        """All boxes of the validation set, as the current model predicts them."""
        if self.sets.val is not None:
            _, data = yield from self._evaluate(self.sets.val, "review")
            if self.world.is_main:
                yield Reviewed("val", data)

    def _beginning(self) -> Iterator[Event]:
        self.reader.restart_clock()
        if self.at.step:
            yield events.Resumed(attempt=self.attempt, epoch=self.at.epoch, step=self.at.step)
            # A process that was killed after it saved these may not have reported it.
            if self.at.batch == 0 and self.at.best_epoch == self.at.epoch - 1:
                yield self._checkpointed("best.pth")
            yield self._checkpointed("last.pth")
            return
        yield events.Started(
            attempt=self.attempt,
            epochs=self.recipe.epochs,
            steps_per_epoch=self.steps_per_epoch,
            global_batch_size=self.global_batch_size,
            learning_rate=self.learning_rate,
            num_train=sum(self.sets.train.global_batch_sizes),
            num_val=sum(self.sets.val.global_batch_sizes) if self.sets.val else 0,
        )

    def _train_epoch(self) -> Iterator[Event]:
        """The remaining batches of the epoch."""
        if self.at.batch >= self.num_batches:
            return
        self.count_thresholds = self.count_correction = None
        self.sets.train.set_epoch(self.at.epoch, self.at.batch)
        self.sets.augmentation.set_epoch(self.at.epoch)
        feed = Feed(iter(self.sets.train), self.world.device)
        while self.at.batch < self.num_batches:
            rate = self._rate()
            yield from self._train_step(feed, rate)
            is_last = self.at.batch == self.num_batches
            signum, is_due, has_diverged = self.world.all_reduce_max(
                self.inbox.pending, self.reader.is_due or is_last, self.watch.has_diverged()
            )
            if is_due or signum:
                (has_diverged,) = self.world.all_reduce_max(self.watch.has_diverged(wait=True))
            if has_diverged:
                raise self.watch.error()
            if is_due or signum:
                yield from self._read(rate, is_last)
            if signum:
                yield from self._stop(signum)

    def _train_step(self, feed: Feed, rate: float) -> Iterator[Event]:
        """One optimizer step with the next batches of this process's share; the last step of an epoch has the rest."""
        sizes = self.sets.train.global_batch_sizes[self.at.batch : self.at.batch + self.recipe.accumulate]
        indices, losses = list[Tensor](), list[Tensor]()
        for place in range(1, len(sizes) + 1):
            is_last, batch = place == len(sizes), feed.next()
            self._seed_dropout()
            seen = self.sets.augmentation(batch.to(self.world.device))
            losses.append(self.stepper.accumulate(seen, num_images=sum(sizes), more_come=not is_last))
            indices.append(batch.indices)
            self.at.batch += 1
            if is_last:
                self.stepper.step(rate)
                self.at.step += 1
                if self.average is not None:
                    self.average.follow(self.at.step)
            yield Progressed("train", self.at.epoch, self.at.batch, self.num_batches)
        total = torch.stack(losses).sum(0)
        self.watch.note(total[0], indices, step=self.at.step, epoch=self.at.epoch)
        self.reader.add(total, sum(sizes), feed.take_waited())

    def _seed_dropout(self) -> None:
        """Seed dropout from the batch and the process, so that a resumed run draws the same."""
        num_batches = self.at.epoch * self.num_batches + self.at.batch
        seed = (self.recipe.seed * 1_000_003 + num_batches) * self.world.size + self.world.rank_info.rank
        torch.manual_seed(seed % 2**63)

    def _rate(self) -> float:
        first = self.learning_rate
        return rate_of(
            self.at.step,
            self.num_steps,
            first,
            first / self.recipe.lr_decay_factor,
            warmup_steps=round(self.recipe.warmup_epochs * self.steps_per_epoch),
        )

    def _read(self, rate: float, is_last: bool) -> Iterator[Event]:
        event = self.reader.read(step=self.at.step, epoch=self.at.epoch, rate=rate, is_last=is_last)
        if event is not None:
            yield event.model_copy(update={"attempt": self.attempt})

    def _end_epoch(self) -> Iterator[Event]:
        """Validate, and save the result."""
        epoch, is_best = self.at.epoch, True
        if self.sets.val is not None:
            losses, evidence = yield from self._evaluate(self.sets.val, "validate")
            figures = self._figures(evidence) if self.world.is_main else {}
            yield events.Validated(attempt=self.attempt, step=self.at.step, epoch=epoch, losses=losses, metrics=figures)
            is_best = self._is_best(losses.loss, figures)
        self.at.epoch, self.at.batch = epoch + 1, 0
        if is_best:
            self.at.best_epoch = epoch
            yield from self._keep("best.pth")
        yield from self._keep("last.pth")
        self.reader.restart_clock()

    def _figures(self, evidence: EvaluationData) -> Figures:
        """Of the validation set, whose count thresholds and correction are remembered."""
        self.count_thresholds = choose_thresholds(evidence, self.classes)
        assay, is_chosen_by = self.sets.val_assay, self.recipe.best_by == "map"
        self.count_correction = None if assay is None else assay.correction(evidence)
        return summary(evidence, self.classes, self.count_thresholds, always_ranked=is_chosen_by, assay=assay)

    def _is_best(self, loss: float | None, figures: Figures) -> bool:
        """Whether the epoch is the best one so far, on every process alike; if so, what it reached is remembered. Of
        epochs that reach the same, or nothing, as those do in which nothing is found yet, the one with the lowest loss
        is best."""
        chosen = CRITERIA[self.recipe.best_by]
        reached = self.world.broadcast_object(figures.get(chosen.key)) if chosen.key else loss
        before = self.at.best_score if chosen.key else self.at.best_loss
        if chosen.key and reached == before and self.at.best_epoch is not None:
            is_better = CRITERIA["loss"].is_better(loss, self.at.best_loss)
        else:
            is_better = chosen.is_better(reached, before)
        if not is_better:
            return False
        self.at.best_loss, self.at.best_score = loss, reached if chosen.key else None
        return True

    def _evaluate(self, batches: Batches, phase: Phase) -> Generator[Event, None, tuple[events.Losses, EvaluationData]]:
        stop = functools.partial(self._stop_if_asked, save=phase == "validate")
        return (yield from evaluate(self.forward, batches, self.world, phase=phase, epoch=self.at.epoch, stop=stop))

    def _stop_if_asked(self, *, save: bool) -> Iterator[Event]:
        (signum,) = self.world.all_reduce_max(self.inbox.pending)
        if signum:
            yield from self._stop(signum, save=save)

    def _stop(self, signum: int, *, save: bool = True) -> Iterator[Event]:
        """During the test the model has the best weights, not the last ones, which are already saved."""
        if save:
            yield from self._keep("last.pth")
        # If nothing could be saved, the run resumes from the previous checkpoint.
        left = self.checkpointer.last_words()
        yield events.Signalled(attempt=self.attempt, signal=signals.name(signum), step=self.at.step, reason=left)
        stop = signals.Stop(signum)
        stop.is_said = True
        raise stop

    def _keep(self, file: File) -> Iterator[Event]:
        """Replace a checkpoint; a good one is never replaced by one with NaN or infinite weights."""
        if not torch.nn.utils.get_total_norm(self.stepper.parameters).isfinite():
            raise Diverged(f"a weight was not finite after step {self.at.step}: {ADVICE}")
        unaveraged = self.model if self.average is not None else None
        state = TrainingState(
            self.at,
            self.result,
            self.stepper.optimizer,
            self.stepper.scaler,
            unaveraged,
            self.count_thresholds,
            self.count_correction,
        )
        if self.checkpointer.keep(file, state):
            yield self._checkpointed(file)

    def _checkpointed(self, file: File) -> Event:
        at = self.at
        return events.Checkpointed(
            attempt=self.attempt,
            step=at.step,
            epoch=at.epoch,
            file=file,
            loss=at.best_loss,
            by=self.recipe.best_by,
            score=at.best_score,
        )
