"""A test of a checkpoint, in one of its processes: the metrics that training ended with, from the file only."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Generator, Iterator

import torch

from yogo.checkpoint import Checkpoint, load_checkpoint
from yogo.datasets.label_cache import open_labels
from yogo.datasets.label_remarks import label_remarks
from yogo.datasets.loader import loader
from yogo.device.precision import choose
from yogo.distributed.world import World
from yogo.errors import TrainingError
from yogo.evaluation.dumping import check_dump
from yogo.evaluation.preparation import resolve
from yogo.metrics.assay import AssayBasis
from yogo.metrics.boxes import EvaluationData
from yogo.metrics.measure import measure
from yogo.model import open_model
from yogo.run import events
from yogo.run.image_results import images_beside
from yogo.run.metrics import Metrics, beside
from yogo.run.worst import worst_beside
from yogo.training.listeners import Listener, Sheltered
from yogo.training.listeners.image_results import ImageResultsFile
from yogo.training.listeners.jsonl import MetricsFile, PrintedMetrics
from yogo.training.listeners.terminal import terminal
from yogo.training.listeners.weights_and_biases import wandb_run
from yogo.training.listeners.worst import WorstFile
from yogo.training.loop.evaluate import announced, evaluate
from yogo.training.loop.forward import Forward
from yogo.training.plan import TrainingPlan
from yogo.training.planning.image_check import telling_all
from yogo.training.progress import Event, Noticed, Reviewed
from yogo.training.request import CheckpointTest, TrainingRequest
from yogo.training.sets import loader_options


def examine(request: TrainingRequest, test: CheckpointTest, world: World) -> None:
    """Run the test as one of the processes. Raises signals.Stop, YogoError, OSError."""
    if not world.is_main:
        plan: TrainingPlan = world.broadcast_object(None)
        for _ in _events(plan, request, test, world):
            pass
        return
    if test.dump and request.definition is not None:
        check_dump(beside(test.checkpoint, request.definition), Metrics, maker="test", error=TrainingError)
    with contextlib.closing(terminal(sys.stderr if test.as_json else sys.stdout)) as screen:
        with telling_all(request):
            plan = resolve(request, test, screen)
        screen.begin(plan.run.path, plan.recipe.epochs)
        with wandb_run(plan, request, screen) as board:
            world.broadcast_object(plan)
            told = PrintedMetrics(screen) if test.as_json else screen
            listeners: list[Listener] = [told, Sheltered(board, "W&B", screen.say)]
            if test.dump:
                kept = MetricsFile(beside(test.checkpoint, plan.definition))
                listeners += [kept, WorstFile(worst_beside(kept.path), plan, part="test")]
                listeners.append(ImageResultsFile(images_beside(kept.path), plan, test.checkpoint.absolute()))
                screen.say(f"everything is written to {kept.path}")
            for event in _events(plan, request, test, world):
                for listener in listeners:
                    listener.hear(event)


def _events(plan: TrainingPlan, request: TrainingRequest, test: CheckpointTest, world: World) -> Iterator[Event]:
    checkpoint = load_checkpoint(test.checkpoint)
    losses, evidence = yield from evidence_of(plan, request, checkpoint, world)
    if world.is_main:
        found = measure(
            evidence,
            plan.classes,
            include_map=test.include_map,
            include_background=test.include_background,
            own=checkpoint.count_thresholds,
            count_intervals=False,
            assay=AssayBasis.of(
                plan.roles,
                plan.classes,
                plan.splits.test,
                own=checkpoint.count_correction,
                definition=str(plan.definition),
            ),
        )
        yield from announced(found, losses, plan, evidence)
        yield Reviewed("test", evidence)


def evidence_of(
    plan: TrainingPlan, request: TrainingRequest, checkpoint: Checkpoint, world: World
) -> Generator[Event, None, tuple[events.Losses, EvaluationData]]:
    """The checkpoint's losses and boxes on the test images, by one pass over them."""
    # The trainer's memory layout: in 16 bits another layout rounds differently, which can add or remove a box.
    model = open_model(checkpoint)[0].to(world.device).to(memory_format=torch.channels_last)
    forward = Forward(plan.recipe, model, choose(plan.precision, world.device))
    labels = open_labels(plan.splits.test, plan.classes, request.cache_folder)
    yield from map(Noticed, label_remarks(labels))
    pictures = loader(plan.splits.test, labels, loader_options(plan, request, world), shuffle=False)
    return (yield from evaluate(forward, pictures, world, phase="test", epoch=checkpoint.epoch))
