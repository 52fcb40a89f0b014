"""From a batch of bytes to predictions and their losses, alike when training, validating and testing."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from yogo.data.batch import Batch
from yogo.loss import Losses, YOGOLoss
from yogo.model import YOGO
from yogo.recipe import Recipe
from yogo.targets import build_targets
from yogo.training.precision import Precision


class Forward:
    def __init__(self, recipe: Recipe, model: YOGO, precision: Precision) -> None:
        self.model = model
        self.precision = precision
        self.loss = YOGOLoss(recipe.no_obj_weight, recipe.iou_weight, recipe.classify_weight, recipe.label_smoothing)
        # Read once: asking the device for them at every step would wait for it.
        self._normalize = bool(model.normalize_images)
        self._dtype = precision.dtype or next(model.parameters()).dtype

    def predict(self, batch: Batch, network: nn.Module | None = None) -> Tensor:
        """Of a batch on the device, by `network` if it is not the model itself that must be called."""
        images = batch.images.to(self._dtype).contiguous(memory_format=torch.channels_last)
        if self._normalize:
            images = images / 255
        with self.precision.autocast():
            predictions: Tensor = (self.model if network is None else network)(images)
        return predictions

    def losses(self, predictions: Tensor, batch: Batch, divisor: float, class_weights: Tensor | None = None) -> Losses:
        targets = build_targets(batch.boxes, batch.image_index, len(batch.images), self.model.Sx, self.model.Sy)
        return self.loss.parts(predictions, targets, divisor, class_weights=class_weights)
