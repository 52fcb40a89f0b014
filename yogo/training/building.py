"""From a plan to a trainer: the model, the sets and where the run stands, alike on every process."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from yogo.checkpoint import Checkpoint, load_checkpoint
from yogo.data.augment import Flips
from yogo.data.cache import DecodedCache, open_cache
from yogo.data.loader import BatchLoader, loader
from yogo.data.packed import pack_labels
from yogo.definition import Sample
from yogo.model import YOGO, get_model_func, open_model
from yogo.training import signals
from yogo.training.distributed import World
from yogo.training.keeping import Keeper, Position
from yogo.training.plan import Plan
from yogo.training.precision import Precision
from yogo.training.progress import Event, Noticed, Progressed
from yogo.training.request import Request
from yogo.training.trainer import Sets, Trainer

Tell = Callable[[Event], None]


def _silent(event: Event) -> None:
    return


def build(
    plan: Plan, request: Request, world: World, *, precision: Precision, keeper: Keeper, tell: Tell = _silent
) -> Trainer:
    """The trainer, put where the run stands; `tell` hears of what takes long meanwhile.

    Raises CheckpointError, DefinitionError (a broken label file), TrainingError.
    """
    checkpoint = load_checkpoint(plan.checkpoint) if plan.checkpoint else None
    trainer = Trainer(
        plan.recipe,
        _model(plan, checkpoint).to(world.device),
        _sets(plan, request, world, tell),
        world,
        precision=precision,
        keeper=keeper,
        inbox=signals.INBOX,
        attempt=plan.attempt,
        read_every_seconds=request.read_every_seconds,
    )
    if checkpoint is not None:
        _restore(trainer, checkpoint)
    return trainer


def _model(plan: Plan, checkpoint: Checkpoint | None) -> YOGO:
    """The network with its weights: the run's own, a pretrained file's, or new ones that follow from the seed."""
    if checkpoint is not None:
        return open_model(checkpoint)[0]
    if plan.pretrained is not None:
        return open_model(load_checkpoint(plan.pretrained))[0]
    recipe = plan.recipe
    torch.manual_seed(recipe.seed)
    return YOGO(
        recipe.image_hw,
        recipe.anchor_width,
        recipe.anchor_height,
        len(plan.classes),
        is_rgb=recipe.rgb_images,
        normalize_images=recipe.normalize_images,
        model_func=get_model_func(recipe.model),
    )


def _sets(plan: Plan, request: Request, world: World, tell: Tell) -> Sets:
    recipe, splits = plan.recipe, plan.splits
    cache = _cache(plan, request, tell)

    def batches(samples: Sequence[Sample], *, shuffle: bool) -> BatchLoader:
        return loader(
            samples,
            pack_labels(samples, plan.classes),
            image_hw=recipe.image_hw,
            rgb=recipe.rgb_images,
            batch_size=recipe.batch_size,
            rank=world.place.rank,
            world_size=world.size,
            local_world_size=world.place.local_world_size,
            seed=recipe.seed,
            shuffle=shuffle,
            num_workers=request.num_workers,
            pin_memory=world.device.type == "cuda",
            cache=cache,
        )

    return Sets(
        train=batches(splits.train, shuffle=True),
        val=batches(splits.val, shuffle=False) if splits.val else None,
        test=batches(splits.test, shuffle=False) if splits.test else None,
        augmentation=Flips(len(splits.train), recipe.seed) if recipe.flips else None,
    )


def _cache(plan: Plan, request: Request, tell: Tell) -> DecodedCache | None:
    """All pictures decoded, once for all epochs, runs and processes here; whoever comes first decodes them."""
    if not request.cache:
        return None
    samples = [sample for _, part in plan.splits.items() for sample in part]
    return open_cache(
        samples,
        image_hw=plan.recipe.image_hw,
        rgb=plan.recipe.rgb_images,
        folder=request.cache_folder,
        progress=lambda done, total: tell(Progressed("decode", 0, done, total)),
        notice=lambda sentence: tell(Noticed(sentence)),
    )


def _restore(trainer: Trainer, checkpoint: Checkpoint) -> None:
    """Put a trainer where the checkpoint was written."""
    assert checkpoint.optimizer_state_dict is not None
    trainer.optimizer.load_state_dict(checkpoint.optimizer_state_dict)
    if checkpoint.scaler_state_dict:
        trainer.scaler.load_state_dict(checkpoint.scaler_state_dict)
    trainer.at = Position(
        epoch=checkpoint.epoch,
        batch=int(checkpoint.training.get("batch", 0)),
        step=checkpoint.step,
        best_loss=checkpoint.best_loss,
        best_epoch=checkpoint.training.get("best_epoch"),
    )
