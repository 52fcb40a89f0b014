"""One test of a checkpoint, in one of its processes: the figures that its training ended with, from the file alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import torch

from yogo.checkpoint import load_checkpoint
from yogo.data.label_cache import open_labels
from yogo.data.label_remarks import label_remarks
from yogo.errors import RunError, TrainingError
from yogo.metrics.measure import measure
from yogo.model import open_model
from yogo.run.metrics import Metrics, beside
from yogo.training.attempt import listening
from yogo.training.building import batches
from yogo.training.distributed import World
from yogo.training.evaluation import announced, described, evaluate
from yogo.training.forward import Forward
from yogo.training.listeners import Listener, Sheltered
from yogo.training.listeners.jsonl import MetricsFile
from yogo.training.looking import telling_all
from yogo.training.plan import Plan
from yogo.training.precision import choose
from yogo.training.progress import Event, Noticed
from yogo.training.request import CheckpointTest, Request


def examine(request: Request, test: CheckpointTest, world: World) -> int:
    """Test as one of the processes. Returns the exit status; raises signals.Stop, YogoError, OSError."""
    if not world.leads:
        plan: Plan = world.share(None)
        for _ in _events(plan, request, test, world):
            pass
        return 0
    from yogo.evaluation.plan import resolve

    folder = test.checkpoint.absolute().parent
    if test.dump and folder.is_dir() and not os.access(folder, os.W_OK):  # known now, and not after hours of testing
        raise TrainingError(
            f"{folder} cannot be written to: leave out --dump-to-disk, or copy the checkpoint elsewhere"
        )
    if test.dump and request.definition is not None:
        _check_free(beside(test.checkpoint, request.definition))
    with telling_all(request):
        own_plan = resolve(request, test)
    with listening(own_plan, request) as (screen, board):
        plan = world.share(own_plan)
        listeners: list[Listener] = [screen, Sheltered(board, "W&B", screen.say)]
        if test.dump:
            kept = MetricsFile(beside(test.checkpoint, plan.definition))
            listeners.append(kept)
            screen.say(f"everything is written to {kept.path}")
        for event in _events(plan, request, test, world):
            for listener in listeners:
                listener.hear(event)
    return 0


def _check_free(path: Path) -> None:
    """Raises TrainingError where something else than a test's figures stands at `path`."""
    try:
        if path.exists():
            Metrics.read(path)
    except RunError as error:
        raise TrainingError(f"{path} is in the way, and no test made it: move it elsewhere") from error


def _events(plan: Plan, request: Request, test: CheckpointTest, world: World) -> Iterator[Event]:
    checkpoint = load_checkpoint(test.checkpoint)
    # As the trainer lays it out: in 16 bits another layout rounds otherwise, and a box more or less is found.
    model = open_model(checkpoint)[0].to(world.device).to(memory_format=torch.channels_last)
    forward = Forward(plan.recipe, model, choose(plan.precision, world.device))
    labels = open_labels(plan.splits.test, plan.classes, request.memory)
    yield from map(Noticed, label_remarks(labels))
    pictures = batches(plan.splits.test, labels, plan, request, world)
    losses, evidence = yield from evaluate(forward, pictures, world, phase="test", epoch=checkpoint.epoch)
    if world.leads:
        found = measure(
            evidence, plan.classes, include_map=test.include_map, include_background=test.include_background
        )
        for event in announced(found, losses):
            yield described(event, plan)
