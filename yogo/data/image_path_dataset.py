"""An import path of published yogo: see `yogo.published.image_datasets`."""

from yogo.published.image_datasets import NamedPictures, collate_fn, get_dataset

__all__ = ["NamedPictures", "collate_fn", "get_dataset"]
