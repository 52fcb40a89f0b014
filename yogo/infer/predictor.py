"""A checkpoint prepared for inference: on its device, for its crop, as fast as possible with the same results.

Axes: B images, P = 5 + classes numbers a cell, Y rows and X columns of cells.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from yogo.checkpoint import load_checkpoint
from yogo.datasets.cache import own_folder
from yogo.device.memory import full_memory_said
from yogo.device.precision import Precision, choose
from yogo.device.threads import THREADS, one_thread
from yogo.distributed.rank_info import RankInfo
from yogo.distributed.world import choose_device
from yogo.errors import InferenceError
from yogo.images.depth import UPPER_EIGHT, Asked
from yogo.infer.images import Pictures
from yogo.infer.reading import FrameBatch, FrameShape, read_batches
from yogo.infer.request import EngineName
from yogo.model import YOGO, open_model
from yogo.model.fusing import fused
from yogo.suppression import suppression_of
from yogo.text.wording import counted

if TYPE_CHECKING:
    from yogo.infer.openvino_engine import OpenVINOEngine

Notice = Callable[[str], None]

FEWEST_IMAGES = 32
"""Of fewer images, starting OpenVINO takes as long as it saves."""

FRAMES_AT_A_TIME = 1
"""Batch size on the CPU: more images do not fit into its caches."""


class Predictor:
    def __init__(
        self,
        path: str | Path,
        *,
        device: str | torch.device | None = None,
        half: bool = False,
        crop_height: float | None = None,
    ) -> None:
        """`crop_height` is the share of the frame's rows, in the middle, to use.

        Raises CheckpointError, InferenceError, TrainingError (no such device).
        """
        checkpoint = load_checkpoint(path)
        model, notices = open_model(checkpoint, inference=True)
        self.path = Path(path)
        self.notices = notices
        self.model_name = checkpoint.run_name or self.path.stem
        self.classes = checkpoint.classes
        self.image_bits = checkpoint.image_bits
        self.count_thresholds = checkpoint.count_thresholds
        self.count_correction = checkpoint.count_correction
        self.suppression = suppression_of(checkpoint.recipe)
        self.num_classes = int(model.num_classes)
        (height, width), num_rows = crop(model, crop_height)
        self.frame = FrameShape((height, width), num_rows, bool(model.is_rgb))
        self.is_cropped = num_rows != height
        self.device = choose_device(None if device is None else str(device), RankInfo())
        self.precision = choose("half" if half else "fp32", self.device)
        self.normalizes = bool(model.normalize_images)
        self.engine: OpenVINOEngine | None = None
        """What computes the network in torch's place."""

        with full_memory_said(self.device, "another program may have it", InferenceError):
            self.model = fused(model).to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def choose_engine(self, asked: EngineName, num_images: int, *, notice: Notice, tell: Notice) -> None:
        """What computes the network. `auto` is OpenVINO on the CPU, if it is installed and answers as torch does, for
        so many images that it pays; `notice` receives a sentence if it does not, `tell` if it computes.

        Raises InferenceError if OpenVINO was asked for and cannot compute.
        """
        self.engine = None
        if asked == "torch" or (asked == "auto" and (self.device.type != "cpu" or num_images < FEWEST_IMAGES)):
            return
        from yogo.infer.openvino_engine import NoOpenVINO, NotInstalled, OpenVINOEngine

        try:
            if self.device.type != "cpu":
                raise NoOpenVINO(f"OpenVINO computes on the CPU, not on {self.device}: use --device cpu")
            is_half = self.precision.name != "fp32"
            exact = functools.partial(self._look, precision=choose("fp32", self.device))
            in_half = self._look if is_half else None
            self.engine = OpenVINOEngine.of(self.model, self.frame, exact, in_half, _networks_folder())
            tell(f"OpenVINO computes the network, in {self.engine.words}")
        except NotInstalled:
            if asked != "auto":
                raise
        except NoOpenVINO as error:
            if asked != "auto":
                raise
            notice(f"{error}; torch computes the network")

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

    def look(
        self, pictures: Pictures, batch_size: int, *, bits: Asked = UPPER_EIGHT, num_threads: int | None = None
    ) -> Iterator[tuple[FrameBatch, Tensor]]:
        """Each batch of the images, in order, with its predictions (B, P, Sy, Sx) on the model's device.

        Those of images that could not be read mean nothing. While OpenVINO computes, torch has one thread, since more
        would take the cores from it. Raises InferenceError.
        """
        engine = self.engine
        batches = read_batches(
            pictures,
            self.frame,
            batch_size,
            bits=bits,
            num_threads=num_threads,
            pin_memory=self.device.type == "cuda",
            engine=engine,
        )
        if engine is not None:
            with one_thread():
                yield from ((batch, self._stacked(batch)) for batch in batches)
            return
        for batch in batches:
            with full_memory_said(self.device, "take a smaller --batch-size", InferenceError):
                pred_BPYX = self(batch.frames)
            yield batch, pred_BPYX

    def _stacked(self, batch: FrameBatch) -> Tensor:
        pred_BPYX = torch.zeros(len(batch.frames), *self.shape)
        for place, one in batch.found.items():
            pred_BPYX[place] = torch.from_numpy(one)
        return pred_BPYX

    def _look(self, frames: Tensor, precision: Precision | None = None) -> Tensor:
        if self.device.type == "cpu":
            THREADS.adapt()
        values = frames.to(dtype=torch.float32, memory_format=torch.channels_last)
        values = values / 255 if self.normalizes else values
        with (precision or self.precision).autocast():
            found: Tensor = self.model(values)
        return found.float()


def crop_rows(height: int, asked: float | None) -> int:
    """How many rows a crop of frames of `height` rows has. Raises InferenceError if it is impossible."""
    if asked is None:
        return height
    num_rows = round(asked * height) if 0 < asked <= 1 else 0
    if num_rows < 1:
        raise InferenceError(
            f"a crop height of {asked:g} is not possible: it must be a fraction of the frame, above 0 and up to 1"
        )
    return num_rows


def crop(model: YOGO, asked: float | None) -> tuple[tuple[int, int], int]:
    """Set the model to a crop of its frames; their (height, width), and the rows of the crop. Raises InferenceError."""
    image_hw = model.get_img_size()
    num_rows = crop_rows(image_hw[0], asked)
    try:
        if num_rows != image_hw[0]:
            model.resize_model(img_height=num_rows)
    except ValueError as error:
        raise InferenceError(f"a crop of {counted(num_rows, 'row')} is too small: {error}") from error
    return image_hw, num_rows


def _networks_folder() -> Path | None:
    """Where compiled networks are kept; None for a user without a home folder."""
    folder = own_folder()
    return folder / "networks" if folder else None
