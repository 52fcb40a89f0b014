"""A loss that is no number ends the run within its step, names the images, and spoils nothing that is kept."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.yogo.training.tiny import SIZE, TINY, Steered, Yogo, write_dataset
from yogo.checkpoint import load_checkpoint
from yogo.datasets.batch import Batch
from yogo.datasets.sampler import ShardedBatches
from yogo.definition import DatasetDefinition, split
from yogo.device.precision import choose
from yogo.distributed.rank_info import RankInfo
from yogo.distributed.world import World
from yogo.errors import RunError
from yogo.model import YOGO, get_model_func
from yogo.recipe import Recipe
from yogo.run import events
from yogo.run.result import Result, verify
from yogo.training.loop.divergence import MOST_NAMED, Diverged, DivergenceGuard
from yogo.training.loop.optimizer import Stepper
from yogo.training.loop.trainer import Trainer

CPU = torch.device("cpu")


class Poison:
    """Makes one image's pixels NaN, in one epoch."""

    def __init__(self, place: int, in_epoch: int) -> None:
        self.place = place
        self.in_epoch = in_epoch
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __call__(self, batch: Batch) -> Batch:
        images = batch.images.float()
        if self.epoch == self.in_epoch:
            images[batch.indices == self.place] = torch.nan
        return batch._replace(images=images)


def test_a_bad_step_ends_the_run_with_its_pictures_named_and_the_last_good_checkpoint_kept(
    definition: Path, tmp_path: Path
) -> None:
    steered, place = Steered(tmp_path, definition), 4
    # 6 images in batches of 2, whose order is known.
    batches = [batch.tolist() for batch in _of_epoch(1, 6, 2)]
    bad = next(number for number, batch in enumerate(batches) if place in batch)
    pictures = [str(sample.image) for sample in split(DatasetDefinition.from_yaml(definition)).train]
    trainers: list[Trainer] = []

    def poison(trainer: Trainer) -> None:
        trainer.sets = replace(trainer.sets, augmentation=Poison(place, in_epoch=1))
        trainers.append(trainer)

    with pytest.raises(Diverged) as ended:
        steered.go(change=poison)
    said = str(ended.value)
    assert f"the loss was nan at step {3 + bad + 1}, in epoch 2" in said
    assert said.endswith(f"Its images: {', '.join(pictures[index] for index in batches[bad])}")
    assert load_checkpoint(steered.run.last).step == 3
    assert all(parameter.isfinite().all() for parameter in trainers[0].model.parameters())
    assert Result.read(steered.run.result).reason == said


def _of_epoch(epoch: int, num_samples: int, batch_size: int) -> ShardedBatches:
    order = ShardedBatches(num_samples, batch_size, seed=0)
    order.set_epoch(epoch)
    return order


def some_batch(size: int, *, bad: bool = False) -> Batch:
    images = torch.rand(size, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(size)) * 255
    return Batch(
        images=torch.full_like(images, torch.nan) if bad else images,
        boxes=torch.tensor([[0, 0.2, 0.2, 0.4, 0.4]]),
        image_index=torch.tensor([0]),
        indices=torch.arange(size),
        draws=torch.arange(size),
    )


def stepper(watch: DivergenceGuard, world: World) -> Stepper:
    torch.manual_seed(0)
    recipe = Recipe(model="quarter_filters", image_hw=(SIZE, SIZE), learning_rate=0.01)
    model = YOGO((SIZE, SIZE), 0.05, 0.05, 2, model_func=get_model_func("quarter_filters"))
    return Stepper(recipe, model, world, choose("fp32", CPU), watch)


def test_no_step_after_a_bad_one_changes_a_weight_before_anybody_has_noticed() -> None:
    world = World(RankInfo(), CPU)
    watch = DivergenceGuard(world)
    steps = stepper(watch, world)

    def take(batch: Batch) -> list[torch.Tensor]:
        steps.accumulate(batch, num_images=2)
        steps.step(0.01)
        return [parameter.detach().clone() for parameter in steps.parameters]

    first, second = take(some_batch(2)), take(some_batch(2))
    assert not all(map(torch.equal, first, second))
    for bad in (True, False, False):
        assert all(map(torch.equal, second, take(some_batch(2, bad=bad))))
    moments = steps.optimizer.state_dict()["state"].values()
    assert all(state["step"] == 2 and state["exp_avg"].isfinite().all() for state in moments)


def test_a_gradient_that_is_no_number_is_noticed_though_the_loss_is_one() -> None:
    world = World(RankInfo(), CPU)
    watch = DivergenceGuard(world, [f"{number}.png" for number in range(20)])
    steps = stepper(watch, world)
    before = [parameter.detach().clone() for parameter in steps.parameters]
    steps.parameters[0].register_hook(lambda gradient: torch.full_like(gradient, torch.nan))
    losses = steps.accumulate(some_batch(12), num_images=12)
    steps.step(0.01)
    watch.note(losses[0], [torch.arange(12)], step=7, epoch=1)
    assert watch.has_diverged()
    assert all(map(torch.equal, before, steps.parameters))
    said = str(watch.error())
    assert "a gradient was NaN or infinite at step 7, in epoch 2" in said
    assert said.count(".png") == MOST_NAMED
    assert said.endswith("7.png and 4 more")


def test_frames_made_of_thumbnails_are_named_by_number_and_a_picture_drawn_twice_once() -> None:
    world = World(RankInfo(), CPU)
    watch = DivergenceGuard(world, ["0.png", "1.png"])
    watch.note(torch.tensor(torch.nan), [torch.tensor([4, 1]), torch.tensor([1, 2])], step=1, epoch=0)
    assert watch.has_diverged()
    assert str(watch.error()).endswith("Its images: composed frame 3, 1.png, composed frame 1")


def test_of_several_processes_the_one_that_saw_it_has_its_pictures_named_and_all_end(
    yogo: Yogo, tmp_path: Path
) -> None:
    """Only an image with an object has a loss of boxes, which the weight makes infinite."""
    definition = write_dataset(tmp_path / "data", fractions="{train: 1.0}")
    labels = sorted((tmp_path / "data" / "labels").iterdir())
    samples = split(DatasetDefinition.from_yaml(definition)).train
    order = list(ShardedBatches(12, 2, rank=1, world_size=2, seed=0))
    bad = [samples[index].image for index in order[1]]
    objects = "".join(f"0 {0.1 * place:.1f} 0.5 0.2 0.2\n" for place in range(1, 10))
    for path in labels:
        path.write_text(objects if path.stem == bad[0].stem else "")
    flags = ("--name", "wild", "-bs", "2", "--processes", "2", "--epochs", "2", "--iou-weight", "1e38", "--no-flips")
    done = yogo.finish(definition, *TINY, *flags, "--classify-weight", "0")
    assert done.returncode == 1
    assert (done.stderr.count("\n"), done.stderr.count("Traceback")) == (1, 0)
    assert "the loss was inf at step 2, in epoch 1" in done.stderr
    assert re.findall(r"[^ ,]+\.png", done.stderr) == [str(path) for path in bad]
    with pytest.raises(RunError, match="failed: the loss was inf at step 2"):
        verify(yogo.run("wild"))
    failed = yogo.events("wild")[-1]
    assert isinstance(failed, events.Failed)
    assert failed.step == 2
