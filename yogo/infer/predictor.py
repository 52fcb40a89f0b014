"""A checkpoint made ready to look at frames: on its device, for its crop, as fast as its answers stay the same.

Axes: B images, P = 5 + classes numbers a cell, Y rows and X columns of cells.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from yogo.checkpoint import load_checkpoint
from yogo.errors import InferenceError
from yogo.infer.reading import FrameShape
from yogo.memory import full_memory_said
from yogo.model import YOGO, open_model
from yogo.training.distributed import choose_device
from yogo.training.place import Place
from yogo.training.precision import choose

FRAMES_AT_A_TIME = 1
"""On the CPU: more do not fit into its caches, and wait for the memory."""


class Predictor:
    def __init__(
        self,
        path: str | Path,
        *,
        device: str | torch.device | None = None,
        half: bool = False,
        crop_height: float | None = None,
    ) -> None:
        """`crop_height` is the share of the frame's rows, from the middle, to look at.

        Raises CheckpointError, InferenceError, TrainingError (no such device).
        """
        checkpoint = load_checkpoint(path)
        model, notices = open_model(checkpoint, inference=True)
        self.path = Path(path)
        self.notices = notices
        self.model_name = checkpoint.run_name or self.path.stem
        self.classes = checkpoint.classes
        self.image_bits = checkpoint.image_bits
        self.num_classes = int(model.num_classes)
        height, width = (int(pixels) for pixels in model.img_size.tolist())
        num_rows = crop_rows(height, crop_height)
        if num_rows != height:
            resize(model, num_rows)
        self.frame = FrameShape((height, width), num_rows, bool(model.is_rgb))
        self.is_cropped = num_rows != height
        self.device = choose_device(None if device is None else str(device), Place())
        self.precision = choose("half" if half else "fp32", self.device)
        self.normalizes = bool(model.normalize_images)
        with full_memory_said(self.device, "another program may have it", InferenceError):
            self.model = faster(model).to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(P, Sy, Sx) of a frame's prediction."""
        return 5 + self.num_classes, self.model.Sy, self.model.Sx

    @torch.no_grad()
    def __call__(self, frames: Tensor) -> Tensor:
        """uint8 (B, C, H, W) to (B, P, Sy, Sx) in float32, class probabilities included, on the model's device."""
        if self.device.type != "cpu":
            return self._look(frames.to(self.device, non_blocking=True))
        return torch.cat([self._look(some) for some in frames.split(FRAMES_AT_A_TIME)])

    def _look(self, frames: Tensor) -> Tensor:
        values = frames.to(dtype=torch.float32, memory_format=torch.channels_last)
        values = values / 255 if self.normalizes else values
        with self.precision.autocast():
            found: Tensor = self.model(values)
        return found.float()


def crop_rows(height: int, asked: float | None) -> int:
    """How many rows a crop of frames of `height` rows has. Raises InferenceError where it cannot be."""
    if asked is None:
        return height
    num_rows = round(asked * height) if 0 < asked <= 1 else 0
    if num_rows < 1:
        raise InferenceError(
            f"a crop height of {asked:g} cannot be: it is a fraction of the frame, above 0 and up to 1"
        )
    return num_rows


def resize(model: YOGO, num_rows: int) -> None:
    """Let the model see frames of so many rows. Raises InferenceError where they are too few."""
    try:
        model.resize_model(img_height=num_rows)
    except ValueError as error:
        raise InferenceError(f"a crop of {num_rows} rows is too small: {error}") from error


def faster(model: YOGO) -> YOGO:
    """The model, each batch norm folded into the convolution before it; only fit for inference."""
    for block in _sequences(model.model.modules()):
        for place in range(len(block) - 1):
            convolution, norm = block[place], block[place + 1]
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                block[place] = fuse_conv_bn_eval(convolution, norm)
                block[place + 1] = nn.Identity()
        for layer in block:
            if isinstance(layer, nn.LeakyReLU | nn.SiLU):
                layer.inplace = True
    return model.requires_grad_(False)


def _sequences(modules: Iterable[nn.Module]) -> list[nn.Sequential]:
    return [module for module in modules if isinstance(module, nn.Sequential)]
