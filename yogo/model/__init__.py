"""The network and the detector around it: frames in, one prediction per grid cell out."""

from yogo.model.detector import YOGO, open_model
from yogo.model.network import ModelFunc, get_model_func

__all__ = ["YOGO", "ModelFunc", "get_model_func", "open_model"]
