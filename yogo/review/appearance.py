"""How images look to a network: the mean and the spread, over the frame, of each channel of its last hidden layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from yogo.device.memory import full_memory_said
from yogo.errors import InferenceError
from yogo.images.depth import Bits
from yogo.infer.predictor import Predictor
from yogo.infer.reading import read_batches
from yogo.metrics.boxes import Floats
from yogo.review.predictions import ListedPictures


class Appearance:
    """Use it as a context: within it the network's last hidden layer is listened to."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self._seen: list[torch.Tensor] = []

    def __enter__(self) -> Appearance:
        *_, last = self.predictor.model.model.children()
        self._hook = last.register_forward_pre_hook(self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        self._hook.remove()

    @property
    def num_values(self) -> int:
        """Of an image."""
        *_, last = self.predictor.model.model.children()
        return 2 * next(layer for layer in last.modules() if isinstance(layer, torch.nn.Conv2d)).in_channels

    def _hear(self, _: torch.nn.Module, inputs: tuple[Any, ...]) -> None:
        hidden_BFYX = inputs[0].float()
        self._seen.append(torch.cat((hidden_BFYX.mean((2, 3)), hidden_BFYX.std((2, 3))), 1).cpu())

    def of(
        self, paths: Sequence[str], bits: Bits, *, batch_size: int, num_threads: int | None
    ) -> Iterator[list[Floats | None]]:
        """Of each image of a batch its numbers (1, 2 x channels); None for one that cannot be read."""
        pictures = ListedPictures(paths)
        for batch in read_batches(pictures, self.predictor.frame, batch_size, bits=bits, num_threads=num_threads):
            self._seen.clear()
            with full_memory_said(self.predictor.device, "take a smaller --batch-size", InferenceError):
                self.predictor(batch.frames)
            rows: Floats = torch.cat(self._seen).numpy().astype(np.float32)
            yield [None if place in batch.broken else row[None] for place, row in enumerate(rows)]
