"""Opens a checkpoint's model: finds the network that fits the weights, and fills in what older files left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Size, Tensor

from yogo.architectures import ARCHITECTURES, MODEL_NAMES
from yogo.checkpoint import Checkpoint
from yogo.errors import CheckpointError, TrainingError
from yogo.model.network import recognises
from yogo.text.wording import counted

_LARGEST_FRAME = 2**28
"""Pixels. A file that claims more is broken or hostile."""

_MOST_CLASSES = 10_000

_ABSENT_IN_OLDER_FILES = {
    "clip_value": 1.0,
    "height_multiplier": 1.0,
    "width_multiplier": 1.0,
    "normalize_images": 0.0,
}


class Opened(NamedTuple):
    """A checkpoint's model: the arguments of `YOGO`, its weights, and notices for the user."""

    network: str
    weights: dict[str, Tensor]
    notices: tuple[str, ...]
    img_size: tuple[int, int]
    anchor_w: float
    anchor_h: float
    num_classes: int
    is_rgb: bool
    normalize_images: bool
    clip_value: float
    height_multiplier: float
    width_multiplier: float


def opened(checkpoint: Checkpoint) -> Opened:
    """Raises CheckpointError when the weights are not those of a network that we know."""
    try:
        return _opened(checkpoint)
    # torch raises RuntimeError for tensors that cannot be weights: sparse, complex, without data.
    except (TrainingError, ValueError, OverflowError, RuntimeError) as error:
        raise cannot_open(checkpoint, error) from error


def cannot_open(checkpoint: Checkpoint, error: Exception) -> CheckpointError:
    return CheckpointError(f"{checkpoint.path} cannot be opened: {' '.join(str(error).split())[:300]}")


def _opened(checkpoint: Checkpoint) -> Opened:
    num_classes = int(_number(checkpoint, "num_classes"))
    if not 1 <= num_classes <= _MOST_CLASSES:
        raise CheckpointError(f"{checkpoint.path} is not a YOGO checkpoint: it claims {counted(num_classes, 'class')}")
    if checkpoint.classes is not None and len(checkpoint.classes) != num_classes:
        raise CheckpointError(
            f"{checkpoint.path} names {counted(len(checkpoint.classes), 'class')}, and has {num_classes}"
        )
    is_rgb = _is_rgb(checkpoint)
    network, notices = _network(checkpoint, num_classes, is_rgb)
    weights = _weights(checkpoint.model_state_dict)
    if not all(weight.isfinite().all() for weight in weights.values()) or any(map(torch.is_complex, weights.values())):
        raise CheckpointError(f"{checkpoint.path} holds weights that are not finite numbers")
    return Opened(
        network=network,
        weights=weights,
        notices=notices,
        img_size=_frame(checkpoint),
        anchor_w=_positive(checkpoint, "anchor_w"),
        anchor_h=_positive(checkpoint, "anchor_h"),
        num_classes=num_classes,
        is_rgb=is_rgb,
        normalize_images=normalizes(checkpoint),
        clip_value=_number(checkpoint, "clip_value"),
        height_multiplier=_positive(checkpoint, "height_multiplier"),
        width_multiplier=_positive(checkpoint, "width_multiplier"),
    )


def normalizes(checkpoint: Checkpoint) -> bool:
    """Whether the model takes images divided by 255, by the flag of the weights or that of the file."""
    return checkpoint.normalize_images or bool(_number(checkpoint, "normalize_images"))


def _network(checkpoint: Checkpoint, num_classes: int, is_rgb: bool) -> tuple[str, tuple[str, ...]]:
    """The name of the weights' network."""
    asked = checkpoint.model_version
    found = {key: value.shape for key, value in _weights(checkpoint.model_state_dict).items()}
    if asked in ARCHITECTURES:
        if recognises(ARCHITECTURES[asked], found, num_classes, is_rgb):
            return asked, ()
        raise CheckpointError(
            f"{checkpoint.path} says that it holds {asked}, but its weights have other shapes "
            f"(kernels of {_kernels(found)}): it was made by another version of that network, which this one cannot run"
        )
    for name, architecture in ARCHITECTURES.items():
        if not architecture.weights_of and recognises(architecture, found, num_classes, is_rgb):
            named = f"names the unknown model {asked!r}" if asked else "names no model"
            return name, (f"{checkpoint.path} {named}; its weights are those of {name}, which is used",)
    raise CheckpointError(
        f"{checkpoint.path} holds an unknown model (its kernels are {_kernels(found)}); "
        f"the known models are {', '.join(MODEL_NAMES)}"
    )


def _kernels(found: Mapping[str, Size]) -> str:
    """The sizes of the convolutions' kernels, which distinguish old networks."""
    sizes = sorted({(shape[2], shape[3]) for shape in found.values() if len(shape) == 4})
    return ", ".join(f"{height}x{width}" for height, width in sizes) or "no size"


def _weights(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {key.removeprefix("model."): value for key, value in state.items() if key.startswith("model.")}


def _is_rgb(checkpoint: Checkpoint) -> bool:
    """The file's flag; for older files, the shape of their first convolution decides."""
    if "is_rgb" in checkpoint.model_state_dict:
        return bool(_number(checkpoint, "is_rgb"))
    first = next(iter(_weights(checkpoint.model_state_dict).values()), None)
    return first is not None and first.ndim == 4 and first.shape[1] == 3


def _frame(checkpoint: Checkpoint) -> tuple[int, int]:
    size = checkpoint.model_state_dict.get("img_size")
    if size is not None and size.numel() == 2:
        height, width = (int(pixels) for pixels in size.flatten().tolist())
        if min(height, width) > 0 and height * width <= _LARGEST_FRAME:
            return height, width
    raise CheckpointError(f"{checkpoint.path} does not say which frame size its model takes")


def _number(checkpoint: Checkpoint, key: str) -> float:
    value = checkpoint.model_state_dict.get(key)
    if value is None and key in _ABSENT_IN_OLDER_FILES:
        return _ABSENT_IN_OLDER_FILES[key]
    if value is None or value.numel() != 1 or not value.isfinite():
        raise CheckpointError(f"{checkpoint.path} is not a YOGO checkpoint: its weights have no {key!r}")
    return float(value)


def _positive(checkpoint: Checkpoint, key: str) -> float:
    number = _number(checkpoint, key)
    if number <= 0:
        raise CheckpointError(
            f"{checkpoint.path} is not a YOGO checkpoint: its {key!r} is {number:g}, which is not above 0"
        )
    return number
