"""A detector as a graph of OpenVINO, built layer by layer: bytes in, boxes and class probabilities out.

It is built here rather than converted, which takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from torch import nn

from yogo.infer.openvino_package import import_openvino
from yogo.infer.reading import FrameShape
from yogo.model import YOGO

_NOTHING_IN_INFERENCE = (nn.Identity, nn.Dropout, nn.Dropout2d)


class NotARowOfLayers(Exception):
    """A network with a layer that OpenVINO's graph is not built for; the message names it."""


def graph_of(model: YOGO, frame: FrameShape) -> Any:
    """`openvino.Model` for one frame, uint8 (1, C, H, W) to (1, 5 + classes, Sy, Sx) in float32.

    `model` is fused and in inference mode. Raises NotARowOfLayers.
    """
    openvino = import_openvino()
    ops = openvino.opset13

    frames = ops.parameter([1, *frame.shape], np.uint8)
    values = ops.convert(frames, "f32")
    if bool(model.normalize_images):
        values = ops.divide(values, np.float32(255))
    for layer in _layers(model.model):
        values = _after(ops, layer, values)
    return openvino.Model([ops.result(_boxes(ops, model, values))], [frames], "yogo")


def _layers(network: nn.Module) -> Iterator[nn.Module]:
    """The layers, in order, of a row of them within rows."""
    if not isinstance(network, nn.Sequential):
        yield network
        return
    for part in network:
        yield from _layers(part)


def _after(ops: Any, layer: nn.Module, values: Any) -> Any:
    """What the layer makes of `values`."""
    match layer:
        case nn.Conv2d(groups=1, padding_mode="zeros", padding=tuple()):
            pads = list(layer.padding)
            weights = layer.weight.detach().numpy()
            values = ops.convolution(values, weights, list(layer.stride), pads, pads, list(layer.dilation))
            return values if layer.bias is None else ops.add(values, layer.bias.detach().numpy()[None, :, None, None])
        case nn.LeakyReLU():
            return ops.prelu(values, np.array([layer.negative_slope], np.float32))
        case nn.SiLU():
            return ops.swish(values)
        case _ if isinstance(layer, _NOTHING_IN_INFERENCE):
            return values
    raise NotARowOfLayers(f"the network has a layer of the kind {type(layer).__name__}")


def _boxes(ops: Any, model: YOGO, values: Any) -> Any:
    """As `YOGO.forward` makes boxes of what the last layer gives."""
    centre, size, objectness, classes = ops.variadic_split(values, 1, [2, 2, 1, int(model.num_classes)]).outputs()
    cells = np.array([model.Sx, model.Sy], np.float32)[None, :, None, None]
    corners = np.stack([model._Cxs.numpy(), model._Cys.numpy()])[None]
    anchor = [float(model.anchor_w * model.width_multiplier), float(model.anchor_h * model.height_multiplier)]
    sides = np.array(anchor, np.float32)[None, :, None, None]
    parts = (
        ops.add(ops.divide(ops.sigmoid(centre), cells), corners),
        ops.multiply(ops.exp(ops.minimum(size, np.float32(80))), sides),
        ops.sigmoid(objectness),
        ops.softmax(classes, 1),
    )
    return ops.concat(parts, 1)
