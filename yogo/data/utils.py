"""An import path of published yogo: see `yogo.published.images`."""

from yogo.published.images import read_image, read_image_robust

__all__ = ["read_image", "read_image_robust"]
