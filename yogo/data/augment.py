"""Changes made to training pictures, on the device, a whole batch at once.

What happens to a picture follows from (seed, epoch, its place among the samples) alone, so the number of
ranks, their batches and a resume in mid-epoch change nothing.

Axes: B pictures, C channels, H rows, W columns, N boxes.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from yogo.data.batch import Batch

_FLIPS = 0xF11B
"""Keeps these draws apart from those of the pictures' order, which have the same seed and epoch."""


class Flips:
    """Mirrors pictures left to right and top to bottom, each with even odds and each for itself.

    Use: `set_epoch` at the start of an epoch, then `flips(batch)` for each batch, on any device.
    """

    def __init__(self, num_samples: int, seed: int) -> None:
        self.num_samples = num_samples
        self.seed = seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Draw the epoch's coins: two for each sample, whichever rank will see it."""
        draws = np.random.default_rng([_FLIPS, self.seed, epoch]).integers(0, 2, (self.num_samples, 2))
        self._coins = torch.from_numpy(draws.astype(np.bool_))

    def __call__(self, batch: Batch) -> Batch:
        coins = self._coins.to(batch.indices.device)
        self._coins = coins
        mirror_x, mirror_y = coins[batch.indices].unbind(1)
        images, boxes = flip(batch.images, batch.boxes, batch.image_index, mirror_x, mirror_y)
        return batch._replace(images=images, boxes=boxes)


def flip(
    images: Tensor, boxes: Tensor, image_index: Tensor, mirror_x: Tensor, mirror_y: Tensor
) -> tuple[Tensor, Tensor]:
    """Mirror those pictures for which `mirror_x` (left to right) or `mirror_y` (top to bottom) is true.

    images (B, C, H, W); boxes (N, 5) class, x0, y0, x1, y1 in fractions; image_index (N,); mirror_x and
    mirror_y bool (B,). Returns new images and boxes of the same shapes and types.
    """
    images = torch.where(mirror_x[:, None, None, None], images.flip(-1), images)
    images = torch.where(mirror_y[:, None, None, None], images.flip(-2), images)
    kind, x0, y0, x1, y1 = boxes.unbind(1)
    x, y = mirror_x[image_index], mirror_y[image_index]
    corners = (
        torch.where(x, 1 - x1, x0),
        torch.where(y, 1 - y1, y0),
        torch.where(x, 1 - x0, x1),
        torch.where(y, 1 - y0, y1),
    )
    return images, torch.stack((kind, *corners), 1)
