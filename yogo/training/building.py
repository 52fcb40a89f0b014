"""From a plan to a trainer: the model, the sets and where the run stands, alike on every process."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from yogo.checkpoint import Checkpoint, load_checkpoint
from yogo.data.augment import augmentation
from yogo.data.balance import balanced_weights
from yogo.data.cache import DEFAULT_LIMIT_BYTES, GIB, DecodedCache, open_cache
from yogo.data.label_cache import open_labels
from yogo.data.label_remarks import label_remarks
from yogo.data.loader import BatchLoader, loader
from yogo.data.made_frames import MadeFrames
from yogo.data.packed import PackedLabels
from yogo.data.pictures import picture_size
from yogo.definition import Sample
from yogo.model import YOGO, get_model_func, open_model
from yogo.model.head import reset_head
from yogo.targets import count_collisions
from yogo.training import signals
from yogo.training.distributed import World
from yogo.training.keeping import UNAVERAGED, Keeper, Position
from yogo.training.plan import Plan
from yogo.training.precision import Precision
from yogo.training.progress import Event, Noticed, Progressed
from yogo.training.request import Request
from yogo.training.trainer import Sets, Trainer
from yogo.wording import counted

_SAME_CELL = "another box lies in the same grid cell"

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
    model = _model(plan, checkpoint).to(world.device)
    if plan.recipe.sync_batch_norm:
        model = world.synchronized(model)
    if world.leads:
        _tell_idle_options(plan, world, tell)
    trainer = Trainer(
        plan.recipe,
        model,
        _sets(plan, request, world, model, tell),
        world,
        precision=precision,
        keeper=keeper,
        inbox=signals.INBOX,
        attempt=plan.attempt,
        classes=plan.classes,
    )
    if checkpoint is not None:
        _restore(trainer, checkpoint)
    return trainer


def _model(plan: Plan, checkpoint: Checkpoint | None) -> YOGO:
    """The network with its weights: the run's own, a pretrained file's, or new ones that follow from the seed."""
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


def _tell_idle_options(plan: Plan, world: World, tell: Tell) -> None:
    """Say which options change nothing here."""
    if plan.recipe.sync_batch_norm and world.size == 1:
        tell(Noticed("--sync-batch-norm has nothing to do: one process trains alone"))
    if plan.recipe.early_stopping and not plan.splits.val:
        tell(Noticed("--early-stopping has nothing to do: there is no validation set"))


def _tell_losses(samples: BatchLoader, model: YOGO, tell: Tell) -> None:
    """Say which labels the network will never see."""
    labels = samples.labels
    owner = torch.repeat_interleave(labels.offsets.diff())
    if lost := count_collisions(labels.boxes, owner, model.Sx, model.Sy):
        tell(Noticed(f"{lost:,} of {len(labels.boxes):,} training boxes are left out: {_SAME_CELL}"))
    if samples.num_left_out:
        tell(
            Noticed(
                f"each epoch leaves out {counted(samples.num_left_out, 'picture')}, so that all processes have as many"
            )
        )


def _tell_weights(weights: Tensor | None, plan: Plan, tell: Tell) -> None:
    if weights is not None:
        listed = ", ".join(f"{name} {weight:.3g}" for name, weight in zip(plan.classes, weights.tolist(), strict=True))
        tell(Noticed(f"Each training box's cross entropy is weighed by its class: {listed}"))


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """torch on one core: on work this short, its threads wait longer for one another than one of them works."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(num_threads)


@_one_thread()
def _sets(plan: Plan, request: Request, world: World, model: YOGO, tell: Tell) -> Sets:
    splits = plan.splits
    # All at once: what is kept of it then serves a run that splits the same pictures otherwise, too.
    labels = open_labels([*splits.train, *splits.val, *splits.test], plan.classes, request.memory, plan.seen)
    cache = _cache(plan, request, tell)
    of_train, of_val, of_test = labels.split([len(samples) for _, samples in splits.items()])
    train = batches(splits.train, of_train, plan, request, world, cache=cache, shuffle=True, made=_made(plan))
    weights = None
    if plan.recipe.class_weights == "balanced":
        weights = balanced_weights(train.labels, len(plan.classes))
    if world.leads:
        for sentence in label_remarks(labels):
            tell(Noticed(sentence))
        _tell_losses(train, model, tell)
        _tell_weights(weights, plan, tell)
    return Sets(
        train=train,
        val=batches(splits.val, of_val, plan, request, world, cache=cache) if splits.val else None,
        test=batches(splits.test, of_test, plan, request, world, cache=cache) if splits.test else None,
        augmentation=augmentation(plan.recipe, train.labels.num_samples),
        class_weights=None if weights is None else weights.to(world.device),
        pictures=[sample.image_file for sample in splits.train],
    )


def batches(
    samples: Sequence[Sample],
    labels: PackedLabels,
    plan: Plan,
    request: Request,
    world: World,
    *,
    cache: DecodedCache | None = None,
    shuffle: bool = False,
    made: MadeFrames | None = None,
) -> BatchLoader:
    """This process's share of some pictures, whose labels are `labels`. Raises TrainingError."""
    recipe = plan.recipe
    return loader(
        samples,
        labels,
        image_hw=recipe.image_hw,
        rgb=recipe.rgb_images,
        bits=plan.image_bits,
        batch_size=recipe.batch_size,
        rank=world.place.rank,
        world_size=world.size,
        local_world_size=world.place.local_world_size,
        seed=recipe.seed,
        shuffle=shuffle,
        weighted=shuffle and recipe.weighted_sampler,
        num_workers=request.num_workers,
        pin_memory=world.device.type == "cuda",
        cache=cache,
        made=made,
    )


def _made(plan: Plan) -> MadeFrames | None:
    """As large as the first training picture: from such pictures the thumbnails were cut."""
    if not plan.num_made:
        return None
    recipe = plan.recipe
    return MadeFrames(
        plan.thumbnails,
        plan.num_made,
        frame_hw=picture_size(plan.splits.train[0].image),
        image_hw=recipe.image_hw,
        rgb=recipe.rgb_images,
        bits=plan.image_bits,
        seed=recipe.seed,
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
        bits=plan.image_bits,
        folder=request.cache_folder,
        limit_bytes=DEFAULT_LIMIT_BYTES if request.cache_limit_gib is None else round(request.cache_limit_gib * GIB),
        progress=lambda done, total: tell(Progressed("decode", 0, done, total)),
        notice=lambda sentence: tell(Noticed(sentence)),
        seen=plan.seen,
    )


def _restore(trainer: Trainer, checkpoint: Checkpoint) -> None:
    """Put a trainer where the checkpoint was written."""
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
    )
