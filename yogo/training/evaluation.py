"""A model looks at a set once, its pictures dealt out to all processes: no picture twice, none left out."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING

import torch

from yogo.loss import Losses
from yogo.metrics.boxes import Evidence
from yogo.metrics.tally import Tally, evidence
from yogo.run import events
from yogo.run.metrics import Metrics
from yogo.training.distributed import World
from yogo.training.divergence import ADVICE, Diverged
from yogo.training.forward import Forward
from yogo.training.plan import Plan
from yogo.training.progress import Event, Measured, Phase, Progressed
from yogo.training.reading import named
from yogo.wording import counted

if TYPE_CHECKING:
    from yogo.training.trainer import Batches


def evaluate(
    forward: Forward,
    batches: Batches,
    world: World,
    *,
    phase: Phase,
    epoch: int,
    stop: Callable[[], Iterable[Event]] = tuple,
) -> Generator[Event, None, tuple[events.Losses, Evidence]]:
    """The mean losses over all pictures, and all boxes: on every process, whichever of them saw a picture.

    `stop` is asked after each batch whether to go on: what it yields is yielded, what it raises ends this.
    """
    model = forward.model
    world.align(model)
    model.eval()
    sizes = batches.global_batch_sizes
    sums = torch.zeros(len(Losses._fields), dtype=torch.float64, device=world.device)
    tally = Tally(int(model.num_classes))
    batches.set_epoch(0)
    share = iter(batches)
    for done in range(1, len(sizes) + 1):
        # The last batch may be too small for every process to have a part of it.
        batch = next(share, None)
        if batch is not None:
            on_device = batch.to(world.device)
            with torch.inference_mode():
                predictions = forward.predict(on_device)
                sums += torch.stack(forward.losses(predictions, on_device, 1.0))
                tally.add(predictions, batch)
        yield Progressed(phase, epoch, done, len(sizes))
        yield from stop()
    values = (world.sum(sums) / sum(sizes)).tolist()
    if not all(map(math.isfinite, values)):
        set_name = "validation" if phase == "validate" else phase
        raise Diverged(
            f"the loss over the {set_name} set was {values[0]} after {counted(epoch, 'whole epoch')}: {ADVICE}"
        )
    return named(values), evidence(world.gather(tally.parts()), sum(sizes))


def announced(metrics: Metrics, losses: events.Losses, attempt: int = 0) -> Iterator[Event]:
    """What is said of a test: everything, for who can show it, and the figures, for the run's events."""
    yield Measured(metrics.model_copy(update={"losses": losses}))
    yield events.Tested(attempt=attempt, losses=losses, metrics=metrics.figures)


def described(event: Event, plan: Plan) -> Event:
    """A test's metrics with what was tested, on what; any other event as it is."""
    if not isinstance(event, Measured):
        return event
    known = {
        "checkpoint": str(plan.checkpoint or plan.run.best),
        "definition": str(plan.definition),
        "trained_on": plan.trained_on,
    }
    return Measured(event.metrics.model_copy(update=known))
