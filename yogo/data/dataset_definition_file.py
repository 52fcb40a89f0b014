"""Dataset definitions, where published yogo had them."""

from __future__ import annotations

import warnings

from yogo.definition import DatasetDefinition, InvalidDatasetDefinitionFile

__all__ = ["DatasetDefinition", "InvalidDatasetDefinitionFile"]


def __getattr__(name: str) -> type[InvalidDatasetDefinitionFile]:
    if name != "InvalidDatasetDescriptionFile":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    what = "InvalidDatasetDescriptionFile is called InvalidDatasetDefinitionFile now"
    warnings.warn(what, DeprecationWarning, stacklevel=2)
    return InvalidDatasetDefinitionFile
