"""Predictions and losses for a batch of bytes, in the same way for training, validation and test."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from yogo.datasets.batch import Batch
from yogo.device.precision import Precision
from yogo.device.threads import THREADS
from yogo.model import YOGO
from yogo.model.loss import LossParts, YOGOLoss
from yogo.model.overlap import BatchLabels
from yogo.model.targets import build_targets
from yogo.recipe import Recipe
from yogo.suppression import Suppression


class Forward:
    def __init__(
        self, recipe: Recipe, model: YOGO, precision: Precision, *, class_weights: Tensor | None = None
    ) -> None:
        self.model = model
        self.precision = precision
        self.suppression = Suppression(recipe.suppression_iou, recipe.average_boxes)
        """How boxes are made of the predictions."""

        self.loss = YOGOLoss(
            recipe.no_obj_weight,
            recipe.iou_weight,
            recipe.classify_weight,
            recipe.label_smoothing,
            class_weights,
            size_weight=recipe.size_weight,
            objectness_loss=recipe.objectness_loss,
            objectness_target=recipe.objectness_target,
            ignore_overlap=recipe.ignore_overlap,
        )
        # Read once, because reading them from the device at every step would wait for it.
        self._normalize = bool(model.normalize_images)
        self._dtype = precision.dtype or next(model.parameters()).dtype

    def predict(self, batch: Batch, network: nn.Module | None = None) -> Tensor:
        """Predictions and losses of a batch on the device; `network` is called if it is given, else the model."""
        if batch.images.device.type == "cpu":
            THREADS.adapt()
        images = batch.images.to(self._dtype).contiguous(memory_format=torch.channels_last)
        if self._normalize:
            images = images / 255
        with self.precision.autocast():
            predictions: Tensor = (self.model if network is None else network)(images)
        return predictions

    def losses(self, predictions: Tensor, batch: Batch, divisor: float) -> LossParts:
        targets = build_targets(batch.boxes, batch.image_index, len(batch.images), self.model.Sx, self.model.Sy)
        labels = BatchLabels(batch.boxes, batch.image_index)
        return self.loss.parts(predictions, targets, divisor, labels=labels)
