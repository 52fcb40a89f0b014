"""From a plan to the sets that are trained, validated and tested on: images, labels, and how they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from yogo.datasets.augment import augmentation
from yogo.datasets.balance import balanced_weights
from yogo.datasets.cache import DEFAULT_LIMIT_BYTES, GIB, DecodedCache, open_cache
from yogo.datasets.composed_frames import ComposedFrames
from yogo.datasets.label_cache import open_labels
from yogo.datasets.label_remarks import label_remarks
from yogo.datasets.loader import BatchLoader, LoaderOptions, loader
from yogo.definition import Sample
from yogo.definition.identity import Status
from yogo.device.threads import one_thread
from yogo.distributed.world import World
from yogo.images.pixels import picture_size
from yogo.metrics.assay import AssayBasis
from yogo.model import YOGO
from yogo.model.targets import count_collisions
from yogo.text.wording import agreed, counted
from yogo.training.listeners import Listener
from yogo.training.loop.trainer import Sets
from yogo.training.plan import TrainingPlan
from yogo.training.progress import Noticed, Progressed
from yogo.training.request import TrainingRequest

_SAME_CELL = "another box lies in the same grid cell"


def _lost_labels(samples: BatchLoader, model: YOGO) -> Iterator[str]:
    """Notices of labels that the network will never see."""
    labels = samples.labels
    owner = torch.repeat_interleave(labels.offsets.diff())
    if lost := count_collisions(labels.boxes, owner, model.Sx, model.Sy):
        of = counted(len(labels.boxes), "training box")
        yield f"{lost:,} of {of} {agreed(lost, 'is')} left out: {_SAME_CELL}"
    if samples.num_left_out:
        yield f"each epoch leaves out {counted(samples.num_left_out, 'image')}, so that all processes have as many"


def _weighed(weights: Tensor | None, plan: TrainingPlan) -> Iterator[str]:
    if weights is not None:
        listed = ", ".join(f"{name} {weight:.3g}" for name, weight in zip(plan.classes, weights.tolist(), strict=True))
        yield f"Each training box's cross entropy is weighed by its class: {listed}"


@one_thread()
def sets(
    plan: TrainingPlan,
    request: TrainingRequest,
    world: World,
    model: YOGO,
    *,
    listener: Listener,
    seen: Mapping[str, Status],
) -> Sets:
    splits = plan.splits
    # All at once, so that the result is also useful for a run that splits the same images differently.
    labels = open_labels([*splits.train, *splits.val, *splits.test], plan.classes, request.cache_folder, seen)
    options = loader_options(plan, request, world, _cache(plan, request, listener, seen))
    of_train, of_val, of_test = labels.split([len(samples) for _, samples in splits.items()])
    weighted = plan.recipe.weighted_sampler
    train = loader(splits.train, of_train, options, shuffle=True, weighted=weighted, made=_made(plan))
    weights = None
    if plan.recipe.class_weights == "balanced":
        weights = balanced_weights(train.labels, len(plan.classes))
    if world.is_main:
        for sentence in (*label_remarks(labels), *_lost_labels(train, model), *_weighed(weights, plan)):
            listener.hear(Noticed(sentence))
    return Sets(
        train=train,
        val=loader(splits.val, of_val, options, shuffle=False) if splits.val else None,
        test=loader(splits.test, of_test, options, shuffle=False) if splits.test else None,
        augmentation=augmentation(plan.recipe, train.labels.num_samples),
        class_weights=None if weights is None else weights.to(world.device),
        pictures=[sample.image_file for sample in splits.train],
        val_assay=_assay(plan, splits.val),
        test_assay=_assay(plan, splits.test),
    )


def _assay(plan: TrainingPlan, images: Sequence[Sample]) -> AssayBasis | None:
    return AssayBasis.of(plan.roles, plan.classes, images, definition=str(plan.definition))


def loader_options(
    plan: TrainingPlan, request: TrainingRequest, world: World, cache: DecodedCache | None = None
) -> LoaderOptions:
    """How this process reads its share of the images."""
    recipe = plan.recipe
    return LoaderOptions(
        image_hw=recipe.image_hw,
        rgb=recipe.rgb_images,
        bits=plan.image_bits,
        batch_size=recipe.batch_size,
        rank=world.rank_info.rank,
        world_size=world.size,
        num_sharing_cores=world.rank_info.num_sharing_cores,
        seed=recipe.seed,
        num_workers=request.num_workers,
        pin_memory=world.device.type == "cuda",
        cache=cache,
    )


def _made(plan: TrainingPlan) -> ComposedFrames | None:
    """The size of the first training image, since the thumbnails were cut from such images."""
    if not plan.num_made:
        return None
    recipe = plan.recipe
    return ComposedFrames(
        plan.thumbnails,
        plan.num_made,
        frame_hw=picture_size(plan.splits.train[0].image),
        image_hw=recipe.image_hw,
        rgb=recipe.rgb_images,
        bits=plan.image_bits,
        seed=recipe.seed,
    )


def _cache(
    plan: TrainingPlan, request: TrainingRequest, listener: Listener, seen: Mapping[str, Status]
) -> DecodedCache | None:
    """The cache of all decoded images, for all epochs, runs and processes here; the first process decodes them."""
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
        progress=lambda done, total: listener.hear(Progressed("decode", 0, done, total)),
        notice=lambda sentence: listener.hear(Noticed(sentence)),
        seen=seen,
    )
