"""An import path of published yogo: see `yogo.published.networks`."""

from yogo.published.networks import MODELS, get_model_func

__all__ = ["MODELS", "get_model_func"]
