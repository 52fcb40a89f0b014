"""An import path of published yogo: see `yogo.published.definitions`."""

from yogo.published.definitions import DatasetDefinition, InvalidDatasetDefinitionFile, __getattr__

__all__ = ["DatasetDefinition", "InvalidDatasetDefinitionFile", "__getattr__"]
