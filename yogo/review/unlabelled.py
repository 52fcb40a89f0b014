"""The images of a folder that are not labelled yet. Light: no torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from yogo.definition.model import DatasetDefinition
from yogo.definition.split import split
from yogo.errors import InferenceError
from yogo.infer.images import PictureFiles


def labelled_images(definition: Path, *, base: Path | None = None, memory: Path | None = None) -> list[str]:
    """The images of a definition, of all its splits. Raises DefinitionError."""
    splits = split(DatasetDefinition.from_yaml(definition, base=base), memory=memory)
    return [sample.image_file for _, part in splits.items() for sample in part]


def unlabelled(folder: PictureFiles, labelled: Sequence[str]) -> Iterator[str]:
    """Those of the folder that are not among the labelled ones, by whatever link; InferenceError is raised where none
    is."""
    known = {str(Path(path).resolve()) for path in labelled}
    found = False
    for file in folder.files:
        if str(file.resolve()) not in known:
            found = True
            yield str(file)
    if not found:
        raise InferenceError(f"all images of {folder.path} are labelled already: name another folder")
