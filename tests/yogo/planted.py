"""Synthetic images in which copies and faults are planted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from yogo.synth.cells import KINDS
from yogo.synth.dataset import BRIGHT, DIM
from yogo.synth.frame import make_frame, shares_of

MARGIN = 20
"""Pixels by which a copy may be shifted."""

Pixels = npt.NDArray[np.uint8]


def frame(seed: int, image_hw: tuple[int, int] = (240, 320), cells: int = 14) -> Pixels:
    """A frame that is MARGIN larger on each side, so that a shifted copy shows new cells at its border."""
    height, width = image_hw
    lighting = DIM if seed % 2 else BRIGHT
    made = make_frame(
        np.random.default_rng([7, seed]), (height + 2 * MARGIN, width + 2 * MARGIN), lighting, cells, shares_of(KINDS)
    )
    return made.pixels


def cut(large: Pixels, down: int = 0, right: int = 0) -> Pixels:
    height, width = (side - 2 * MARGIN for side in large.shape)
    found: Pixels = large[MARGIN + down : MARGIN + down + height, MARGIN + right : MARGIN + right + width]
    return found


def blurred(pixels: Pixels, radius: float) -> Pixels:
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).filter(ImageFilter.GaussianBlur(radius)))


def lit(pixels: Pixels, gain: float, offset: float) -> Pixels:
    found: Pixels = np.clip(pixels * gain + offset, 0, 255).astype(np.uint8)
    return found


COPIES: dict[str, Callable[[Pixels], Pixels]] = {
    "same": cut,
    "shifted right": lambda large: cut(large, 0, 20),
    "shifted down": lambda large: cut(large, 20, 0),
    "shifted both ways": lambda large: cut(large, -20, 20),
    "refocused a little": lambda large: blurred(cut(large), 1.5),
    "refocused much": lambda large: blurred(cut(large), 4),
    "darker": lambda large: lit(cut(large), 0.6, 0),
    "brighter": lambda large: lit(cut(large), 1.1, 20),
    "mirrored left to right": lambda large: cut(large)[:, ::-1],
    "mirrored top to bottom": lambda large: cut(large)[::-1],
    "turned": lambda large: cut(large)[::-1, ::-1],
    "all at once": lambda large: lit(blurred(cut(large, 20, -20)[:, ::-1], 1.5), 0.8, 10),
}
"""What may have been done to a copy of an image."""


@dataclass(slots=True)
class Planted:
    """A folder with a definition: 0.8 train, 0.1 validation, 0.1 test."""

    folder: Path
    names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for part in ("images", "labels"):
            (self.folder / part).mkdir(parents=True)
        self.define("dataset_split_fractions: {train: 0.8, val: 0.1, test: 0.1}\n")

    @property
    def path(self) -> Path:
        return self.folder / "d.yml"

    def define(self, more: str, classes: str = "ring, wbc") -> None:
        pair = f"{{image_path: {self.folder}/images, label_path: {self.folder}/labels}}"
        self.path.write_text(f"class_names: [{classes}]\ndataset_paths:\n  data: {pair}\n{more}")

    def add(self, name: str, pixels: Pixels, label: str = "0 .5 .5 .1 .1\n1 .3 .3 .1 .1\n") -> Path:
        """Returns the image's path."""
        image = self.folder / "images" / f"{name}.png"
        Image.fromarray(np.ascontiguousarray(pixels)).save(image, compress_level=1)
        self.label(name).write_text(label)
        self.names.append(name)
        return image

    def label(self, name: str) -> Path:
        return self.folder / "labels" / f"{name}.txt"
