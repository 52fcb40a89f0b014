"""Evaluates a model on a data set: each image is evaluated exactly once across all ranks."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Iterator

import torch

from yogo.datasets.batch import Batches
from yogo.distributed.world import World
from yogo.metrics.accumulator import MetricAccumulator, evaluation_data
from yogo.metrics.boxes import EvaluationData
from yogo.metrics.intervals import resampled
from yogo.model.loss import LossParts
from yogo.run import events
from yogo.run.metrics import Metrics
from yogo.text.wording import counted
from yogo.training.loop.divergence import ADVICE, Diverged
from yogo.training.loop.forward import Forward
from yogo.training.loop.loss_reader import named
from yogo.training.plan import TrainingPlan
from yogo.training.progress import Event, Measured, Phase, Progressed


def evaluate(
    forward: Forward,
    batches: Batches,
    world: World,
    *,
    phase: Phase,
    epoch: int,
    stop: Callable[[], Iterable[Event]] = tuple,
) -> Generator[Event, None, tuple[events.Losses, EvaluationData]]:
    """The mean losses over all images, and all boxes, on every process.

    `stop` is called after each batch: what it yields is yielded, and what it raises ends the evaluation.
    """
    model = forward.model
    world.broadcast_weights(model)
    model.eval()
    sizes = batches.global_batch_sizes
    sums = torch.zeros(len(LossParts._fields), dtype=torch.float64, device=world.device)
    tally = MetricAccumulator(int(model.num_classes), forward.suppression)
    batches.set_epoch(0)
    share = iter(batches)
    for done in range(1, len(sizes) + 1):
        # The last batch may be too small to give every process a part.
        batch = next(share, None)
        if batch is not None:
            on_device = batch.to(world.device)
            with torch.inference_mode():
                predictions = forward.predict(on_device)
                sums += torch.stack(forward.losses(predictions, on_device, 1.0))
                tally.add(predictions, batch)
        yield Progressed(phase, epoch, done, len(sizes))
        yield from stop()
    values = (world.all_reduce_sum(sums) / sum(sizes)).tolist()
    if not all(map(math.isfinite, values)):
        set_name = "test" if phase == "test" else "validation"
        raise Diverged(
            f"the loss over the {set_name} set was {values[0]} after {counted(epoch, 'whole epoch')}: {ADVICE}"
        )
    return named(values), evaluation_data(world.all_gather(tally.parts()), sum(sizes), forward.suppression)


def announced(metrics: Metrics, losses: events.Losses, plan: TrainingPlan, evidence: EvaluationData) -> Iterator[Event]:
    """Events that report a test: all results for listeners that show them, and the metrics for the run's events."""
    images = plan.splits.test
    by_sample = any(one.sample.name for one in images)
    # What is no sample is drawn by its group; a group that is called as a sample is another.
    groups = [one.sample.name or (f"group {one.group}" if by_sample and one.group else one.group) for one in images]
    drawing = resampled(metrics, evidence, groups, over="samples" if by_sample else "groups")
    try:
        while True:
            yield Progressed("resample", 0, *next(drawing))
    except StopIteration as done:
        metrics = done.value
    tested = {
        "checkpoint": str(plan.checkpoint or plan.run.best),
        "definition": str(plan.definition),
        "trained_on": plan.trained_on,
    }
    yield Measured(metrics.model_copy(update=tested | {"losses": losses}))
    yield events.Tested(attempt=plan.attempt, losses=losses, metrics=metrics.figures)
