"""The loss, where published yogo had it."""

from yogo.model.loss import YOGOLoss

__all__ = ["YOGOLoss"]
