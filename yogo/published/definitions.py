"""Dataset definitions, where published yogo had them."""

from __future__ import annotations

from yogo.definition import DatasetDefinition, InvalidDatasetDefinitionFile
from yogo.deprecation import warn_once

__all__ = ["DatasetDefinition", "InvalidDatasetDefinitionFile"]


def __getattr__(name: str) -> type[InvalidDatasetDefinitionFile]:
    if name != "InvalidDatasetDescriptionFile":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warn_once("InvalidDatasetDescriptionFile is now called InvalidDatasetDefinitionFile")
    return InvalidDatasetDefinitionFile
