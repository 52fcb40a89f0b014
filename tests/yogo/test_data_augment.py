"""Flipped pictures: the boxes stay on the cells, and the number of ranks changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from yogo.data.augment import Flips, flip
from yogo.data.batch import Batch

H, W = 12, 20


def batch_of(indices: list[int], channels: int = 1) -> Batch:
    """One dark rectangle on each picture, and its box; where it lies depends on the picture alone."""
    images = torch.full((len(indices), channels, H, W), 200, dtype=torch.uint8)
    boxes = []
    for place, index in enumerate(indices):
        rng = np.random.default_rng(index)
        x0, y0 = int(rng.integers(0, W - 5)), int(rng.integers(0, H - 4))
        images[place, :, y0 : y0 + 2, x0 : x0 + 4] = 50
        boxes.append([index % 3, x0 / W, y0 / H, (x0 + 4) / W, (y0 + 2) / H])
    return Batch(images, torch.tensor(boxes), torch.arange(len(indices)), torch.tensor(indices))


def dark_box(image: torch.Tensor) -> list[float]:
    rows, columns = torch.where(image[0] == 50)
    x0, x1, y0, y1 = (int(v) for v in (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1))
    return [x0 / W, y0 / H, x1 / W, y1 / H]


@pytest.mark.parametrize("channels", [1, 3])
def test_boxes_stay_on_their_cells(channels: int) -> None:
    batch = batch_of(list(range(16)), channels)
    flips = Flips(16, seed=1)
    flipped = flips(batch)
    assert flipped.images.dtype == torch.uint8
    assert flipped.images.shape == batch.images.shape
    for image, box in zip(flipped.images, flipped.boxes, strict=True):
        assert box[1:].tolist() == pytest.approx(dark_box(image), abs=1e-6)
    assert torch.equal(flipped.boxes[:, 0], batch.boxes[:, 0])


def test_all_four_ways_come_about_equally_often() -> None:
    num = 4000
    images = torch.tensor([[0, 1], [2, 3]], dtype=torch.uint8).expand(num, 1, 2, 2)
    batch = Batch(images, torch.empty(0, 5), torch.empty(0, dtype=torch.int64), torch.arange(num))
    corner = Flips(num, seed=0)(batch).images[:, 0, 0, 0]
    assert torch.bincount(corner.long(), minlength=4).tolist() == pytest.approx([1000] * 4, abs=120)


def test_a_picture_is_flipped_alike_in_whatever_batch_and_rank_it_is() -> None:
    flips = Flips(10, seed=4)
    flips.set_epoch(3)
    together = flips(batch_of(list(range(10)))).images
    other_rank = Flips(10, seed=4)
    other_rank.set_epoch(3)
    apart = torch.cat([other_rank(batch_of(part)).images for part in ([7, 2, 9], [0, 1], [8, 3, 4, 6, 5])])
    assert torch.equal(apart, together[[7, 2, 9, 0, 1, 8, 3, 4, 6, 5]])


def test_another_epoch_or_seed_flips_otherwise() -> None:
    batch = batch_of(list(range(40)))
    flipped = []
    for seed, epoch in ((0, 0), (0, 1), (1, 0)):
        flips = Flips(40, seed)
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
