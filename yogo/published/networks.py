"""The networks by name, where published yogo had them."""

from yogo.architectures import MODEL_NAMES
from yogo.model.network import ModelFunc, get_model_func

MODELS: dict[str, ModelFunc] = {name: get_model_func(name) for name in MODEL_NAMES}

__all__ = ["MODELS", "get_model_func"]
