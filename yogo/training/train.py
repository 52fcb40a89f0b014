"""A training run in one of its processes, from the request to the receipt."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import replace

from yogo import signals
from yogo.checkpoint import load_checkpoint
from yogo.device.precision import choose
from yogo.distributed.world import World
from yogo.errors import RunError
from yogo.run import events
from yogo.run.disk import Disk
from yogo.run.history import History
from yogo.run.job import JobIdentity
from yogo.run.lease import Lease
from yogo.run.manifest import Manifest, WandbRun
from yogo.run.own_log import job_log
from yogo.training.build import build
from yogo.training.checkpoints.checkpointer import Checkpointer, RunCheckpointer
from yogo.training.listeners import SILENT, Listener, Sheltered
from yogo.training.listeners.doubting import Doubting
from yogo.training.listeners.image_results import ImageResultsFile
from yogo.training.listeners.jsonl import MetricsFile
from yogo.training.listeners.kept_log import LoggedTerminal
from yogo.training.listeners.study import StudyListener
from yogo.training.listeners.terminal import Terminal, terminal, way_on
from yogo.training.listeners.weights_and_biases import wandb_run
from yogo.training.listeners.worst import WorstFile
from yogo.training.loop.trainer import Trainer
from yogo.training.plan import TrainingPlan
from yogo.training.planning.preparation import prepared
from yogo.training.progress import Event
from yogo.training.provenance import commit, device_name, versions
from yogo.training.request import TrainingRequest


def train(request: TrainingRequest, world: World, lease: Lease | None = None) -> None:
    """Train as one of the processes; the main process may already hold the run by `lease`.

    Raises signals.Stop, YogoError, OSError.
    """
    if world.is_main:
        _lead(request, world, lease)
    else:
        _follow(request, world)
    # The main process ends last: srun gives those that remain only so long after the first has ended.
    world.broadcast_object("done")


def _follow(request: TrainingRequest, world: World) -> None:
    plan: TrainingPlan = world.broadcast_object(None)
    precision = choose(plan.precision, world.device)
    trainer = build(plan, request, world, precision=precision, checkpointer=Checkpointer())
    trainer.judge = str if plan.search else None
    world.hostnames()
    with signals.STOP_REQUESTS.deferred():
        for _ in _whole(trainer, plan, request):
            pass


def _lead(request: TrainingRequest, world: World, lease: Lease | None) -> None:
    with (
        contextlib.closing(LoggedTerminal(terminal())) as screen,
        prepared(request, world.size, screen, lease) as ready,
        wandb_run(ready.plan, request, screen) as board,
        _stops_said(screen, ready.plan),
        signals.unmasked(),
    ):
        plan, receipt, disk = ready.plan, ready.receipt, ready.receipt.disk
        world.broadcast_object(plan)
        precision = choose(plan.precision, world.device)
        if plan.precision == "half":  # the recipe has no value for it: it holds what the hardware chose
            plan = replace(plan, recipe=plan.recipe.model_copy(update={"precision": precision.name}))
        checkpointer = RunCheckpointer(plan, {"attempt": plan.attempt, "world_size": world.size}, disk)
        # The others may be on other machines, where the same paths may lead to other files, so each looks for itself.
        trainer = build(
            plan, request, world, precision=precision, checkpointer=checkpointer, listener=screen, seen=ready.seen
        )
        receipt.at = trainer.at
        study = StudyListener(plan.search, plan.run.name, plan.recipe.epochs) if plan.search else None
        trainer.judge = study.verdict if study else None
        manifest = _manifest(plan, request, trainer, board.record, world.hostnames())
        disk.write(plan.run.manifest, lambda: manifest.write(plan.run.manifest, fence=disk.fence))
        listeners: tuple[Listener, ...] = (
            receipt.journal,
            MetricsFile(plan.run.metrics, disk),
            Sheltered(_images_file(plan, disk), "keeping what each test image brought", screen.notice),
            Sheltered(WorstFile(plan.run.worst, plan, disk), "looking for the worst images", screen.notice),
            receipt,
            Sheltered(study or SILENT, "telling the sweep's study", screen.notice),
            Sheltered(screen, "the terminal", lambda sentence: print(f"yogo: {sentence}", file=sys.stderr)),
            Sheltered(board, "W&B", screen.notice),
            Sheltered(Doubting(screen.notice, _earlier(plan)), "looking for doubts", screen.notice),
        )
        with signals.STOP_REQUESTS.deferred():
            for event in _whole(trainer, plan, request):
                for listener in listeners:
                    listener.hear(event)
                disk.retry()
            receipt.finish()


@contextlib.contextmanager
def _stops_said(screen: Terminal, plan: TrainingPlan) -> Iterator[None]:
    """Report a stop on the screen, and what was saved."""
    signals.STOP_REQUESTS.say = screen.say
    try:
        yield
    except signals.Stop as stop:
        if not stop.is_said:
            kept = way_on(plan.run.path) if plan.run.last.exists() else "nothing had been saved yet."
            screen.say(f"Stopped at once: {kept}")
            stop.is_said = True
        raise
    finally:
        signals.STOP_REQUESTS.say = None


def _images_file(plan: TrainingPlan, disk: Disk) -> ImageResultsFile:
    return ImageResultsFile(plan.run.image_results, plan, plan.run.best, disk)


def _earlier(plan: TrainingPlan) -> History:
    """The history of the attempts before this one."""
    with contextlib.suppress(OSError):
        return History.read(plan.run.events) if plan.attempt else History()
    return History()


def _whole(trainer: Trainer, plan: TrainingPlan, request: TrainingRequest) -> Iterator[Event]:
    """Training, then the test set and the worst validation images with the best weights."""
    yield from trainer.fit()
    trainer.checkpointer.settle()
    is_reviewed = request.worst_images and trainer.sets.val is not None
    if trainer.sets.test is not None or is_reviewed:
        if trainer.world.is_main:
            _take_best(trainer, plan)
        yield from trainer.test(plan)
        if is_reviewed:
            yield from trainer.review()
    at = trainer.at
    yield events.Finished(
        attempt=plan.attempt,
        step=at.step,
        epoch=at.epoch,
        reason=trainer.ended_early,
        is_pruned=bool(trainer.given_up),
    )


def _take_best(trainer: Trainer, plan: TrainingPlan) -> None:
    best = plan.run.best
    try:
        checkpoint = load_checkpoint(best)
        trainer.result.load_state_dict(checkpoint.model_state_dict)
        trainer.count_thresholds = checkpoint.count_thresholds
        trainer.count_correction = checkpoint.count_correction
    except RuntimeError as error:  # copied there while the run trained
        raise RunError(
            f"{best} belongs to another run: its weights do not fit the trained network; yogo test {plan.run.last} "
            f"{plan.definition} tests the last weights"
        ) from error


def _manifest(
    plan: TrainingPlan, request: TrainingRequest, trainer: Trainer, wandb: WandbRun, hosts: tuple[str, ...]
) -> Manifest:
    world, job = trainer.world, JobIdentity.from_environment()
    return Manifest(
        name=plan.run.name,
        attempt=plan.attempt,
        definition=str(plan.definition),
        classes=plan.classes,
        recipe=plan.recipe,
        pretrained=str(plan.pretrained) if plan.pretrained else None,
        pretrained_sha256=plan.pretrained_sha256,
        reset_head=plan.reset_head,
        image_bits=plan.image_bits,
        command=request.command,
        precision=trainer.precision.name,
        world_size=world.size,
        hosts=hosts,
        device=device_name(world.device),
        num_parameters=trainer.model.num_parameters,
        num_train=len(plan.splits.train),
        num_val=len(plan.splits.val),
        num_test=len(plan.splits.test),
        num_groups=plan.splits.balance.groups if plan.splits.balance else {},
        steps_per_epoch=trainer.steps_per_epoch,
        global_batch_size=trainer.global_batch_size,
        versions=versions(),
        code=commit(),
        job_id=job.id or None,
        cluster=job.cluster,
        past_jobs=plan.past_jobs,
        log=job_log(sys.stdout),
        pid=os.getpid(),
        wandb=wandb,
        note=request.note,
        tags=request.tags,
    )
