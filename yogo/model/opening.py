"""From a checkpoint to its model: which network fits the weights, and what older files left out."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Size, Tensor

from yogo.architectures import BLOCKS, MODEL_NAMES
from yogo.checkpoint import Checkpoint
from yogo.errors import CheckpointError, TrainingError
from yogo.model.detector import YOGO
from yogo.model.network import get_model_func, shapes

_LARGEST_FRAME = 2**28
"""Pixels. A file that claims more is broken or hostile."""

_MOST_CLASSES = 10_000

_ABSENT_IN_OLDER_FILES = {
    "clip_value": 1.0,
    "height_multiplier": 1.0,
    "width_multiplier": 1.0,
    "normalize_images": 0.0,
}


def open_model(checkpoint: Checkpoint, *, inference: bool = False) -> tuple[YOGO, tuple[str, ...]]:
    """The checkpoint's model, on the CPU (in eval mode if for inference), and notices fit to show.

    Raises CheckpointError when the weights are not those of a network that we know.
    """
    try:
        return _opened(checkpoint, inference)
    # torch raises RuntimeError for tensors of a kind that no weight has: sparse, complex, without data.
    except (TrainingError, ValueError, OverflowError, RuntimeError) as error:
        why = " ".join(str(error).split())[:300]
        raise CheckpointError(f"{checkpoint.path} cannot be opened: {why}") from error


def _opened(checkpoint: Checkpoint, inference: bool) -> tuple[YOGO, tuple[str, ...]]:
    num_classes = int(_number(checkpoint, "num_classes"))
    if not 1 <= num_classes <= _MOST_CLASSES:
        raise CheckpointError(f"{checkpoint.path} is no YOGO checkpoint: it claims {num_classes} classes")
    if checkpoint.classes is not None and len(checkpoint.classes) != num_classes:
        raise CheckpointError(f"{checkpoint.path} names {len(checkpoint.classes)} classes, and has {num_classes}")
    is_rgb = _is_rgb(checkpoint)
    name, notices = _network(checkpoint, num_classes, is_rgb)
    model = YOGO(
        _frame(checkpoint),
        _positive(checkpoint, "anchor_w"),
        _positive(checkpoint, "anchor_h"),
        num_classes,
        is_rgb=is_rgb,
        normalize_images=normalizes(checkpoint),
        inference=inference,
        tuning=True,
        model_func=get_model_func(name),
        clip_value=_number(checkpoint, "clip_value"),
    )
    model.height_multiplier.fill_(_positive(checkpoint, "height_multiplier"))
    model.width_multiplier.fill_(_positive(checkpoint, "width_multiplier"))
    weights = _weights(checkpoint.model_state_dict)
    if not all(weight.isfinite().all() for weight in weights.values()) or any(map(torch.is_complex, weights.values())):
        raise CheckpointError(f"{checkpoint.path} holds weights that are no finite numbers")
    model.model.load_state_dict(weights)
    return (model.eval() if inference else model), notices


def normalizes(checkpoint: Checkpoint) -> bool:
    """Whether the model wants its pictures divided by 255: the weights' own flag or the file's may say so."""
    return checkpoint.normalize_images or bool(_number(checkpoint, "normalize_images"))


def _network(checkpoint: Checkpoint, num_classes: int, is_rgb: bool) -> tuple[str, tuple[str, ...]]:
    """The name of the network that the weights are of."""
    asked = checkpoint.model_version
    found = {key: value.shape for key, value in _weights(checkpoint.model_state_dict).items()}
    if asked in MODEL_NAMES:
        if _fits(asked, found, num_classes, is_rgb):
            return asked, ()
        raise CheckpointError(
            f"{checkpoint.path} says that it holds {asked}, but its weights have other shapes "
            f"(kernels of {_kernels(found)}): it was made by another version of that network, which this one cannot run"
        )
    for name in MODEL_NAMES if any("format time!" in key for key in found) else BLOCKS:
        if _fits(name, found, num_classes, is_rgb):
            named = f"names the unknown model {asked!r}" if asked else "names no model"
            return name, (f"{checkpoint.path} {named}; its weights are those of {name}, which is used",)
    raise CheckpointError(
        f"{checkpoint.path} holds no model that is known (its kernels are of {_kernels(found)}): "
        f"there are {', '.join(MODEL_NAMES)}"
    )


def _fits(name: str, found: Mapping[str, Size], num_classes: int, is_rgb: bool) -> bool:
    return shapes(get_model_func(name), num_classes, is_rgb) == found


def _kernels(found: Mapping[str, Size]) -> str:
    """The sizes of the convolutions' kernels, by which networks of old are told apart."""
    sizes = sorted({(shape[2], shape[3]) for shape in found.values() if len(shape) == 4})
    return ", ".join(f"{height}x{width}" for height, width in sizes) or "no size"


def _weights(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {key.removeprefix("model."): value for key, value in state.items() if key.startswith("model.")}


def _is_rgb(checkpoint: Checkpoint) -> bool:
    """What the file says; files from before the flag say it by the shape of their first convolution."""
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
    raise CheckpointError(f"{checkpoint.path} does not say for what size of frame its model is")


def _number(checkpoint: Checkpoint, key: str) -> float:
    value = checkpoint.model_state_dict.get(key)
    if value is None and key in _ABSENT_IN_OLDER_FILES:
        return _ABSENT_IN_OLDER_FILES[key]
    if value is None or value.numel() != 1 or not value.isfinite():
        raise CheckpointError(f"{checkpoint.path} is no YOGO checkpoint: its weights come without {key!r}")
    return float(value)


def _positive(checkpoint: Checkpoint, key: str) -> float:
    number = _number(checkpoint, key)
    if number <= 0:
        raise CheckpointError(
            f"{checkpoint.path} is no YOGO checkpoint: its {key!r} is {number:g}, which is not above 0"
        )
    return number
