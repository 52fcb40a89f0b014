"""Changed images: the boxes stay on the cells, and the number of ranks changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from yogo.datasets.augment import (
    Augmentation,
    BrightnessContrast,
    RandomFlips,
    RandomRotate90,
    augmentation,
    flip,
    quarter_turn,
    relight,
)
from yogo.datasets.batch import Batch
from yogo.recipe import Recipe

H, W = 12, 20


def batch_of(indices: list[int], channels: int = 1) -> Batch:
    """One dark rectangle on each image, and its box; where it lies depends on the image alone."""
    images = torch.full((len(indices), channels, H, W), 200, dtype=torch.uint8)
    boxes = []
    for place, index in enumerate(indices):
        rng = np.random.default_rng(index)
        x0, y0 = int(rng.integers(0, W - 5)), int(rng.integers(0, H - 4))
        images[place, :, y0 : y0 + 2, x0 : x0 + 4] = 50
        boxes.append([index % 3, x0 / W, y0 / H, (x0 + 4) / W, (y0 + 2) / H])
    return Batch(images, torch.tensor(boxes), torch.arange(len(indices)), torch.tensor(indices), torch.tensor(indices))


def dark_box(image: torch.Tensor) -> list[float]:
    rows, columns = torch.where(image[0] == 50)
    x0, x1, y0, y1 = (int(v) for v in (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1))
    return [x0 / W, y0 / H, x1 / W, y1 / H]


@pytest.mark.parametrize("channels", [1, 3])
def test_boxes_stay_on_their_cells(channels: int) -> None:
    batch = batch_of(list(range(16)), channels)
    flips = RandomFlips(16, seed=1)
    flipped = flips(batch)
    assert flipped.images.dtype == torch.uint8
    assert flipped.images.shape == batch.images.shape
    for image, box in zip(flipped.images, flipped.boxes, strict=True):
        assert box[1:].tolist() == pytest.approx(dark_box(image), abs=1e-6)
    assert torch.equal(flipped.boxes[:, 0], batch.boxes[:, 0])


def test_all_four_ways_come_about_equally_often() -> None:
    num = 4000
    images = torch.tensor([[0, 1], [2, 3]], dtype=torch.uint8).expand(num, 1, 2, 2)
    batch = Batch(images, torch.empty(0, 5), torch.empty(0, dtype=torch.int64), *[torch.arange(num)] * 2)
    corner = RandomFlips(num, seed=0)(batch).images[:, 0, 0, 0]
    assert torch.bincount(corner.long(), minlength=4).tolist() == pytest.approx([1000] * 4, abs=120)


def test_a_picture_is_flipped_alike_in_whatever_batch_and_rank_it_is() -> None:
    flips = RandomFlips(10, seed=4)
    flips.set_epoch(3)
    together = flips(batch_of(list(range(10)))).images
    other_rank = RandomFlips(10, seed=4)
    other_rank.set_epoch(3)
    apart = torch.cat([other_rank(batch_of(part)).images for part in ([7, 2, 9], [0, 1], [8, 3, 4, 6, 5])])
    assert torch.equal(apart, together[[7, 2, 9, 0, 1, 8, 3, 4, 6, 5]])


def test_a_picture_that_comes_twice_is_flipped_otherwise_the_second_time() -> None:
    twice = batch_of([3] * 40)._replace(draws=torch.arange(40))
    flipped = RandomFlips(40, seed=0)(twice).images
    assert not torch.equal(flipped, flipped[:1].expand_as(flipped))


def test_another_epoch_or_seed_flips_otherwise() -> None:
    batch = batch_of(list(range(40)))
    flipped = []
    for seed, epoch in ((0, 0), (0, 1), (1, 0)):
        flips = RandomFlips(40, seed)
        flips.set_epoch(epoch)
        flipped.append(flips(batch).images)
    assert not torch.equal(flipped[0], flipped[1])
    assert not torch.equal(flipped[0], flipped[2])


def test_two_flips_are_none() -> None:
    batch = batch_of([3, 5, 6])
    mirror_x, mirror_y = torch.tensor([True, False, True]), torch.tensor([True, True, False])
    images, boxes = batch.images, batch.boxes
    for _ in range(2):
        images, boxes = flip(images, boxes, batch.image_index, mirror_x, mirror_y)
    assert torch.equal(images, batch.images)
    assert torch.allclose(boxes, batch.boxes, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_turned_square_picture_has_its_box_exactly_where_its_cell_is(channels: int, quarters: int) -> None:
    size = 16
    image = torch.full((1, channels, size, size), 200, dtype=torch.uint8)
    image[..., 3:5, 6:13] = 50
    box = torch.tensor([[2, 6 / size, 3 / size, 13 / size, 5 / size]])
    one, turned = torch.zeros(1, dtype=torch.int64), torch.tensor([True])
    images, boxes = image, box
    for _ in range(quarters):
        images, boxes = quarter_turn(images, boxes, one, turned)
    assert torch.equal(images, image.rot90(quarters, (-2, -1)))
    rows, columns = torch.where(images[0, 0] == 50)
    corners = [int(v) for v in (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)]
    assert boxes[0].tolist() == [2, *(corner / size for corner in corners)]


def test_a_quarter_turn_of_an_oblong_frame_keeps_its_shape_and_the_box_on_the_cell() -> None:
    images = torch.full((2, 1, 40, 80), 200, dtype=torch.uint8)
    images[:, :, 10:20, 20:60] = 50
    boxes = torch.tensor([[1, 0.25, 0.25, 0.75, 0.5]] * 2)
    turned, moved = quarter_turn(images, boxes, torch.arange(2), torch.tensor([True, False]))
    assert turned.shape == images.shape
    assert turned.dtype == torch.uint8
    assert moved.tolist() == [[1, 0.25, 0.25, 0.5, 0.75], [1, 0.25, 0.25, 0.75, 0.5]]
    assert torch.equal(turned[1], images[1])
    # The cell's edges are blurred by the resize, and no further.
    assert (turned[0, 0, 11:29, 21:39] == 50).all()
    outside = turned[0, 0].clone()
    outside[8:32, 18:42] = 200
    assert (outside == 200).all()


def test_all_four_turns_come_about_equally_often() -> None:
    num = 4000
    images = torch.tensor([[0, 1], [2, 3]], dtype=torch.uint8).expand(num, 1, 2, 2)
    batch = Batch(images, torch.empty(0, 5), torch.empty(0, dtype=torch.int64), *[torch.arange(num)] * 2)
    corner = RandomRotate90(num, seed=0)(batch).images[:, 0, 0, 0]
    assert torch.bincount(corner.long(), minlength=4).tolist() == pytest.approx([1000] * 4, abs=120)


def test_brightness_scales_the_pixels_and_contrast_their_distance_from_the_mean() -> None:
    images = torch.tensor([[[[50, 150]]]] * 4, dtype=torch.uint8)
    factors = torch.tensor([[1.0, 1.0], [1.2, 1.0], [1.0, 0.5], [2.0, 2.0]])
    changed = relight(images, *factors.unbind(1))
    assert changed.dtype == torch.uint8
    assert changed[:, 0, 0].tolist() == [[50, 150], [60, 180], [75, 125], [0, 255]]


def test_light_changes_by_no_more_than_its_strength_and_each_picture_otherwise() -> None:
    num = 400
    images = torch.full((num, 1, 2, 2), 100, dtype=torch.uint8)
    batch = Batch(images, torch.empty(0, 5), torch.empty(0, dtype=torch.int64), *[torch.arange(num)] * 2)
    shades = BrightnessContrast(num, 0, brightness=0.3, contrast=0.0)(batch).images[:, 0, 0, 0]
    assert shades.min() >= 70
    assert shades.max() <= 130
    assert len(shades.unique()) > 50
    assert shades.float().mean() == pytest.approx(100, abs=3)


def test_contrast_alone_keeps_the_mean() -> None:
    num = 50
    images = torch.tensor([[90, 110], [95, 105]], dtype=torch.uint8).expand(num, 1, 2, 2)
    batch = Batch(images, torch.empty(0, 5), torch.empty(0, dtype=torch.int64), *[torch.arange(num)] * 2)
    changed = BrightnessContrast(num, 0, brightness=0.0, contrast=0.5)(batch).images.float()
    assert changed.mean((1, 2, 3)).tolist() == pytest.approx([100] * num, abs=0.5)
    spread = changed.amax((1, 2, 3)) - changed.amin((1, 2, 3))
    assert spread.min() < 15
    assert spread.max() > 25


EVERYTHING = Recipe(rotate=True, brightness=0.4, contrast=0.4, seed=4)


def of_everything(num_samples: int, epoch: int = 3) -> Augmentation:
    found = augmentation(EVERYTHING, num_samples)
    found.set_epoch(epoch)
    return found


def test_everything_together_follows_from_the_picture_alone() -> None:
    together = of_everything(10)(batch_of(list(range(10))))
    other_rank = of_everything(10)
    parts = [other_rank(batch_of(part)) for part in ([7, 2, 9], [0, 1], [8, 3, 4, 6, 5])]
    order = [7, 2, 9, 0, 1, 8, 3, 4, 6, 5]
    assert torch.equal(torch.cat([part.images for part in parts]), together.images[order])
    assert torch.equal(torch.cat([part.boxes for part in parts]), together.boxes[order])
    assert not torch.equal(of_everything(10, epoch=2)(batch_of(list(range(10)))).images, together.images)


def test_nothing_asked_for_is_no_augmentation_and_flips_alone_are_as_ever() -> None:
    batch = batch_of(list(range(10)))
    assert augmentation(Recipe(flips=False), 10)(batch) is batch
    default = augmentation(Recipe(seed=1), 10)
    assert torch.equal(default(batch).images, RandomFlips(10, seed=1)(batch).images)
