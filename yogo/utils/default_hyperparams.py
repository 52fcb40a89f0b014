"""An import path of published yogo: see `yogo.published.hyperparams`."""

from yogo.published.hyperparams import DefaultHyperparams

__all__ = ["DefaultHyperparams"]
