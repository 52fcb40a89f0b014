"""The network and the detector around it: frames in, one prediction a grid cell out."""

from yogo.model.detector import YOGO
from yogo.model.network import ModelFunc, get_model_func
from yogo.model.opening import open_model

__all__ = ["YOGO", "ModelFunc", "get_model_func", "open_model"]
