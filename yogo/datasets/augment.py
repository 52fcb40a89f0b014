"""Augmentation of training images on the device, a whole batch at once: bytes in, bytes out.

What happens to an image depends only on (seed, epoch, its index among the samples), so the number of
ranks, their batches and a resume in mid-epoch change nothing. If an epoch may contain an image twice, it
depends on the position in the epoch's order instead, so that each time differs.

Axes: B images, C channels, H rows, W columns, N boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from yogo.datasets.batch import Batch
from yogo.recipe import Recipe


class Augmentation(Protocol):
    """Use: `set_epoch` at the start of an epoch, then call it with each batch, on any device."""

    def set_epoch(self, epoch: int) -> None: ...

    def __call__(self, batch: Batch) -> Batch: ...


def augmentation(recipe: Recipe, num_samples: int) -> Augmentation:
    """All augmentation that `recipe` asks for."""
    changes: list[Augmentation] = []
    if recipe.rotate:
        changes.append(RandomRotate90(num_samples, recipe.seed))
    if recipe.flips:
        changes.append(RandomFlips(num_samples, recipe.seed))
    if recipe.brightness or recipe.contrast:
        changes.append(
            BrightnessContrast(num_samples, recipe.seed, brightness=recipe.brightness, contrast=recipe.contrast)
        )
    return Compose(changes)


class Compose:
    """Applies several transforms one after the other."""

    def __init__(self, changes: Sequence[Augmentation]) -> None:
        self.changes = changes

    def set_epoch(self, epoch: int) -> None:
        for change in self.changes:
            change.set_epoch(epoch)

    def __call__(self, batch: Batch) -> Batch:
        for change in self.changes:
            batch = change(batch)
        return batch


class PerImageTransform:
    """Two random numbers per sample, drawn for each epoch, whichever rank sees the sample."""

    KEY: ClassVar[int]
    """Keeps these draws independent of each other, and of the order's, with the same seed and epoch."""

    def __init__(self, num_samples: int, seed: int) -> None:
        self.num_samples = num_samples
        self.seed = seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        self._drawn = torch.from_numpy(self.draw(np.random.default_rng([self.KEY, self.seed, epoch])))

    def draw(self, random: np.random.Generator) -> npt.NDArray[Any]:
        """(num_samples, 2): coin tosses, unless a transform overrides this."""
        return random.integers(0, 2, (self.num_samples, 2)).astype(np.bool_)

    def of(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The two numbers of each image of the batch, (B,), on the batch's device."""
        self._drawn = self._drawn.to(batch.draws.device)
        one, other = self._drawn[batch.draws].unbind(1)
        return one, other


class RandomFlips(PerImageTransform):
    """Mirrors images left to right and top to bottom, each independently with a probability of one half."""

    KEY = 0xF11B

    def __call__(self, batch: Batch) -> Batch:
        mirror_x, mirror_y = self.of(batch)
        images, boxes = flip(batch.images, batch.boxes, batch.image_index, mirror_x, mirror_y)
        return batch._replace(images=images, boxes=boxes)


class RandomRotate90(PerImageTransform):
    """Rotates images by 0, 90, 180 or 270 degrees, each image independently and each angle equally often.

    A quarter turn of a frame that is not square has the wrong shape. It is resized to the frame's shape, so that
    nothing is cut off and every box stays exact; cells are stretched by up to the ratio of the sides.
    """

    KEY = 0x7042

    def __call__(self, batch: Batch) -> Batch:
        half, quarter = self.of(batch)
        images, boxes = flip(batch.images, batch.boxes, batch.image_index, half, half)
        images, boxes = quarter_turn(images, boxes, batch.image_index, quarter)
        return batch._replace(images=images, boxes=boxes)


class BrightnessContrast(PerImageTransform):
    """Changes brightness and contrast: pixels p become m + c (b p - m), where m is the mean of all b p of the image.

    The brightness b is drawn uniformly from 1 - `brightness` to 1 + `brightness`, and the contrast c likewise. This is
    torchvision's ColorJitter, but with all channels together; rounded to the nearest byte, and clamped to 0 to 255.
    """

    KEY = 0x1164

    def __init__(self, num_samples: int, seed: int, *, brightness: float, contrast: float) -> None:
        self.strengths = np.array([brightness, contrast])
        super().__init__(num_samples, seed)

    def draw(self, random: np.random.Generator) -> npt.NDArray[Any]:
        return (1 + self.strengths * random.uniform(-1, 1, (self.num_samples, 2))).astype(np.float32)

    def __call__(self, batch: Batch) -> Batch:
        brightness, contrast = self.of(batch)
        return batch._replace(images=relight(batch.images, brightness, contrast))


def relight(images: Tensor, brightness: Tensor, contrast: Tensor) -> Tensor:
    """uint8 (B, C, H, W) in and out; brightness and contrast float32 (B,), see `BrightnessContrast`."""
    # The sum of bytes is exact, so the mean does not depend on the batch that an image is in.
    mean = images.sum((1, 2, 3), dtype=torch.int64).float() / images[0].numel()
    scale, shift = brightness * contrast, mean * brightness * (1 - contrast)
    pixels = images.float() * scale[:, None, None, None] + shift[:, None, None, None]
    return pixels.round_().clamp_(0, 255).to(torch.uint8)


def quarter_turn(images: Tensor, boxes: Tensor, image_index: Tensor, turned: Tensor) -> tuple[Tensor, Tensor]:
    """Rotate the images for which `turned`, bool (B,), is true by 90 degrees counterclockwise.

    images uint8 (B, C, H, W), a turned one resized (bilinear, antialiased) to H by W where these differ;
    boxes (N, 5) class, x0, y0, x1, y1 in fractions; image_index (N,). Returns new images and boxes.
    """
    height, width = images.shape[-2:]
    others = images.rot90(1, (-2, -1))
    if height != width:
        resized = F.interpolate(others.float(), (height, width), mode="bilinear", antialias=True)
        others = resized.round_().clamp_(0, 255).to(torch.uint8)
    images = torch.where(turned[:, None, None, None], others, images)
    kind, x0, y0, x1, y1 = boxes.unbind(1)
    rotated = torch.stack((kind, y0, 1 - x1, y1, 1 - x0), 1)
    return images, torch.where(turned[image_index][:, None], rotated, boxes)


def flip(
    images: Tensor, boxes: Tensor, image_index: Tensor, mirror_x: Tensor, mirror_y: Tensor
) -> tuple[Tensor, Tensor]:
    """Mirror the images for which `mirror_x` (left to right) or `mirror_y` (top to bottom) is true.

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
