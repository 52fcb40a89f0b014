"""What a pretrained checkpoint passes on: its network, normalisation, colour, anchors and frame size."""

from __future__ import annotations

import math
from collections.abc import Collection
from pathlib import Path

from yogo.checkpoint import load_checkpoint
from yogo.errors import TrainingError
from yogo.images.depth import Bits
from yogo.model import YOGO, open_model
from yogo.model.inheritance import recipe_of
from yogo.recipe import Recipe, inherited, inheriting, shown
from yogo.text.wording import counted


def inherit(
    path: Path, recipe: Recipe, classes: tuple[str, ...], *, given: Collection[str], reset_head: bool = False
) -> tuple[Recipe, Bits, tuple[str, ...]]:
    """The recipe with what `path` passes on, at what depth its images were read, and notices.

    The notices name the flags that the weights override (of those `given`), and a head that is reset.

    Raises CheckpointError, or TrainingError if the frame size differs, or the classes differ without `reset_head`.
    """
    checkpoint = load_checkpoint(path)
    model, notices = open_model(checkpoint)
    if reset_head:
        notices = (*notices, _new_head(path, checkpoint.classes, model, classes))
    else:
        check_classes(path, checkpoint.classes, model, classes, advice="; --reset-head begins with new class outputs")
    weights = recipe_of(model)
    height, width = weights.image_hw
    asks_for_size = "image_hw" in given or recipe.image_hw != Recipe().image_hw
    if asks_for_size and recipe.image_hw != weights.image_hw:
        raise TrainingError(
            f"--image-hw asks for frames of {recipe.image_hw[0]}x{recipe.image_hw[1]}, but {path} was trained on "
            f"{height}x{width}: leave --image-hw out, or train from scratch"
        )
    ignored_notices = tuple(
        f"{shown(name, getattr(recipe, name))} is ignored: {path} passes on {shown(name, value)}"
        for name, value in inherited(weights).items()
        if name in given and _differ(getattr(recipe, name), value)
    )
    return inheriting(recipe, weights), checkpoint.image_bits, (*notices, *ignored_notices)


def _new_head(path: Path, theirs: tuple[str, ...] | None, model: YOGO, ours: tuple[str, ...]) -> str:
    known = ", ".join(theirs) if theirs else f"{int(model.num_classes)} without names"
    return f"the class outputs are new, as --reset-head asks: {path} knows the classes {known}; now {', '.join(ours)}"


def check_classes(
    path: Path, theirs: tuple[str, ...] | None, model: YOGO, ours: tuple[str, ...], *, advice: str = ""
) -> None:
    """Raises TrainingError, ending in `advice`, unless a file's classes are the definition's; it may not name them."""
    count = int(model.num_classes)
    if theirs is None and count != len(ours):
        raise TrainingError(
            f"{path} knows {counted(count, 'class')}, the definition has {len(ours)}: {', '.join(ours)}{advice}"
        )
    if theirs is not None and theirs != ours:
        raise TrainingError(
            f"{path} was trained on the classes {', '.join(theirs)}; the definition has {', '.join(ours)}. "
            f"They must be the same, in the same order{advice}"
        )


def _differ(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return not math.isclose(one, other, rel_tol=1e-6)  # anchors are kept in float32
    return one != other
