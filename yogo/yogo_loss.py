"""The loss, where published yogo had it."""

from yogo.loss import YOGOLoss

__all__ = ["YOGOLoss"]
