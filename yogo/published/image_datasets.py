"""Images with their names, under the names that published yogo gave them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import Dataset

from yogo.errors import YogoError
from yogo.infer.image_depth import Depth
from yogo.infer.images import Pictures
from yogo.infer.prepare import open_pictures
from yogo.recipe import Recipe

Item = tuple[Tensor | None, str]


class NamedPictures(Dataset[Item]):
    """float32 (C, H, W) and the image's name; None and a warning for an image that cannot be read."""

    def __init__(
        self, pictures: Pictures, normalize_images: bool, rgb: bool, image_bits: int | str | None = None
    ) -> None:
        self.pictures, self.normalize_images, self.rgb = pictures, normalize_images, rgb
        self.bits = Depth(pictures, None, image_bits, notice=_warn, tell=lambda _: None)

    def __len__(self) -> int:
        return len(self.pictures.stems)

    def __getitem__(self, index: int) -> Item:
        try:
            pixels = torch.from_numpy(self.pictures.read(index, rgb=self.rgb, bits=self.bits)).float()
        except YogoError as error:
            warnings.warn(str(error), RuntimeWarning, stacklevel=2)
            return None, self.pictures.name(index)
        return pixels / 255 if self.normalize_images else pixels, self.pictures.name(index)


def get_dataset(
    path_to_images: str | Path | None = None,
    path_to_zarr: str | Path | None = None,
    normalize_images: bool = False,
    rgb: bool = False,
    image_bits: int | str | None = None,
) -> NamedPictures:
    """The images of a folder, one image, or the frames of a zarr store. Raises InferenceError.

    For 16-bit images the upper eight bits are read, as in published yogo, with a warning; `image_bits` is how many bits
    are brightness, or "auto".
    """
    pictures = open_pictures(path_to_images, path_to_zarr, Recipe().image_hw)
    return NamedPictures(pictures, normalize_images, rgb, image_bits)


def _warn(sentence: str) -> None:
    warnings.warn(sentence.replace("--image-bits auto", 'image_bits="auto"'), RuntimeWarning, stacklevel=2)


def collate_fn(batch: Sequence[Item]) -> tuple[Tensor, tuple[str, ...]]:
    """(B, C, H, W) and the names of these images; an image that could not be read is left out of both."""
    read = [(image, name) for image, name in batch if image is not None]
    images = [image for image, _ in read]
    return torch.stack(images) if images else torch.empty(0), tuple(name for _, name in read)
