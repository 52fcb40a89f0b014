"""What a model's weights say of the recipe that they were trained by."""

from __future__ import annotations

from yogo.model.detector import YOGO
from yogo.recipe import Recipe


def recipe_of(model: YOGO) -> Recipe:
    """The default recipe, with all that weights pass on (see `yogo.recipe.inheriting`) as this model has it."""
    height, width = model.get_img_size()
    return Recipe(
        model=model.model_version,
        normalize_images=bool(model.normalize_images),
        rgb_images=bool(model.is_rgb),
        image_hw=(height, width),
        anchor_width=float(model.anchor_w),
        anchor_height=float(model.anchor_h),
    )
