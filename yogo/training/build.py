"""From a plan to a trainer: the model with its sets, put where the run stands, alike on every process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch

from yogo import signals
from yogo.checkpoint import Checkpoint, load_checkpoint
from yogo.datasets.fingerprint import UNSEEN
from yogo.definition.identity import Status
from yogo.device.precision import Precision
from yogo.distributed.world import World
from yogo.model import YOGO, get_model_func, open_model
from yogo.model.head import reset_head
from yogo.training.checkpoints.checkpointer import UNAVERAGED, Checkpointer, Position
from yogo.training.listeners import SILENT, Listener
from yogo.training.loop.trainer import Trainer
from yogo.training.plan import TrainingPlan
from yogo.training.progress import Noticed
from yogo.training.request import TrainingRequest
from yogo.training.sets import sets


def build(
    plan: TrainingPlan,
    request: TrainingRequest,
    world: World,
    *,
    precision: Precision,
    checkpointer: Checkpointer,
    listener: Listener = SILENT,
    seen: Mapping[str, Status] = UNSEEN,
) -> Trainer:
    """The trainer, at the run's position. Files that this process has `seen` are not looked at again.

    Raises CheckpointError, DefinitionError (a broken label file), TrainingError.
    """
    checkpoint = load_checkpoint(plan.checkpoint) if plan.checkpoint else None
    model = _model(plan, checkpoint).to(world.device)
    if plan.recipe.sync_batch_norm:
        model = world.convert_sync_batch_norm(model)
    if world.is_main:
        for sentence in _idle_options(plan, world):
            listener.hear(Noticed(sentence))
    trainer = Trainer(
        plan.recipe,
        model,
        sets(plan, request, world, model, listener=listener, seen=seen),
        world,
        precision=precision,
        checkpointer=checkpointer,
        inbox=signals.STOP_REQUESTS,
        attempt=plan.attempt,
        classes=plan.classes,
    )
    if checkpoint is not None:
        _restore(trainer, checkpoint)
    return trainer


def _model(plan: TrainingPlan, checkpoint: Checkpoint | None) -> YOGO:
    """The network with its weights: the run's own, a pretrained file's, or new ones from the seed."""
    torch.manual_seed(plan.recipe.seed)
    if checkpoint is not None:
        return open_model(checkpoint)[0]
    if plan.pretrained is not None:
        model = open_model(load_checkpoint(plan.pretrained))[0]
        if plan.reset_head:
            reset_head(model, len(plan.classes))
        return model
    recipe = plan.recipe
    return YOGO(
        recipe.image_hw,
        recipe.anchor_width,
        recipe.anchor_height,
        len(plan.classes),
        is_rgb=recipe.rgb_images,
        normalize_images=recipe.normalize_images,
        model_func=get_model_func(recipe.model),
    )


def _idle_options(plan: TrainingPlan, world: World) -> Iterator[str]:
    """Notices of options that have no effect here."""
    if plan.recipe.sync_batch_norm and world.size == 1:
        yield "--sync-batch-norm has no effect: there is only one process"
    if plan.recipe.early_stopping and not plan.splits.val:
        yield "--early-stopping has no effect: there is no validation set"
    if plan.recipe.best_by != "loss" and not plan.splits.val:
        yield "--best-by has no effect: there is no validation set"


def _restore(trainer: Trainer, checkpoint: Checkpoint) -> None:
    """Restore a trainer to the position of the checkpoint."""
    assert checkpoint.optimizer_state_dict is not None
    trainer.stepper.optimizer.load_state_dict(checkpoint.optimizer_state_dict)
    if checkpoint.scaler_state_dict:
        trainer.stepper.scaler.load_state_dict(checkpoint.scaler_state_dict)
    if UNAVERAGED in checkpoint.training:
        trainer.model.load_state_dict(checkpoint.training[UNAVERAGED])
    trainer.at = Position(
        epoch=checkpoint.epoch,
        batch=int(checkpoint.training.get("batch", 0)),
        step=checkpoint.step,
        best_loss=checkpoint.best_loss,
        best_epoch=checkpoint.training.get("best_epoch"),
        best_by=trainer.recipe.best_by,
        best_score=checkpoint.training.get("best_score"),
    )
