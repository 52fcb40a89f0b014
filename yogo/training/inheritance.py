"""What a pretrained checkpoint passes on: its network, normalisation, colour, anchors and frame size."""

from __future__ import annotations

import math
from collections.abc import Collection
from pathlib import Path

from yogo.checkpoint import load_checkpoint
from yogo.data.depth import Bits
from yogo.errors import TrainingError
from yogo.model import YOGO, open_model
from yogo.recipe import Recipe, shown


def inherit(
    path: Path, recipe: Recipe, classes: tuple[str, ...], *, given: Collection[str], reset_head: bool = False
) -> tuple[Recipe, Bits, tuple[str, ...]]:
    """The recipe with what `path` passes on, at what depth its pictures were read, and notices.

    The notices are of what was `given` in vain, and of a head to be reset.

    Raises CheckpointError, or TrainingError where the frame size is another, or the classes without `reset_head`.
    """
    checkpoint = load_checkpoint(path)
    model, notices = open_model(checkpoint)
    if reset_head:
        notices = (*notices, _new_head(path, checkpoint.classes, model, classes))
    else:
        check_classes(path, checkpoint.classes, model, classes, advice="; --reset-head begins with new class outputs")
    inherited = _passed_on(model)
    height, width = inherited.image_hw
    asks_for_size = "image_hw" in given or recipe.image_hw != Recipe().image_hw
    if asks_for_size and recipe.image_hw != inherited.image_hw:
        raise TrainingError(
            f"--image-hw asks for frames of {recipe.image_hw[0]}x{recipe.image_hw[1]}, but {path} was trained on "
            f"{height}x{width}: leave --image-hw out, or train from scratch"
        )
    names = ("model", "normalize_images", "rgb_images", "anchor_width", "anchor_height")
    values = {name: getattr(inherited, name) for name in names} | {"image_hw": inherited.image_hw}
    ignored = [name for name in names if name in given and _differ(getattr(recipe, name), values[name])]
    ignored_notices = tuple(
        f"{shown(name, getattr(recipe, name))} is ignored: {path} passes on {shown(name, values[name])}"
        for name in ignored
    )
    return recipe.model_copy(update=values), checkpoint.image_bits, (*notices, *ignored_notices)


def _passed_on(model: YOGO) -> Recipe:
    height, width = (int(pixels) for pixels in model.img_size.tolist())
    return Recipe(
        model=model.model_version,
        normalize_images=bool(model.normalize_images),
        rgb_images=bool(model.is_rgb),
        image_hw=(height, width),
        anchor_width=float(model.anchor_w),
        anchor_height=float(model.anchor_h),
    )


def _new_head(path: Path, theirs: tuple[str, ...] | None, model: YOGO, ours: tuple[str, ...]) -> str:
    known = ", ".join(theirs) if theirs else f"{int(model.num_classes)} without names"
    return f"the class outputs are new, as --reset-head asks: {path} knows the classes {known}; now {', '.join(ours)}"


def check_classes(
    path: Path, theirs: tuple[str, ...] | None, model: YOGO, ours: tuple[str, ...], *, advice: str = ""
) -> None:
    """Raises TrainingError, ending in `advice`, unless a file's classes are the definition's; it may not name them."""
    count = int(model.num_classes)
    if theirs is None and count != len(ours):
        raise TrainingError(f"{path} knows {count} classes, the definition has {len(ours)}: {', '.join(ours)}{advice}")
    if theirs is not None and theirs != ours:
        raise TrainingError(
            f"{path} was trained on the classes {', '.join(theirs)}; the definition has {', '.join(ours)}. "
            f"They must be the same, in the same order{advice}"
        )


def _differ(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return not math.isclose(one, other, rel_tol=1e-6)  # anchors are kept in float32
    return one != other
