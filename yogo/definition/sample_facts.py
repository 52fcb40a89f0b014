"""What a definition says of the sample of each image."""

from __future__ import annotations

from collections.abc import Sequence

from yogo.definition.model import DatasetDefinition
from yogo.definition.roles import NO_SAMPLE, SampleFacts
from yogo.definition.split import Sample


def facts_of(definition: DatasetDefinition, images: Sequence[Sample]) -> list[SampleFacts]:
    """Of each of the images, by the folders that it lies in; nothing where these are not the definition's."""
    by_folders: dict[tuple[str, str], SampleFacts] = {}
    by_images: dict[str, SampleFacts] = {}
    for pair in definition.all_dataset_paths:
        by_folders.setdefault((str(pair.images), str(pair.labels)), pair.sample)
        by_images.setdefault(str(pair.images), pair.sample)

    def facts(image: Sample) -> SampleFacts:
        folder, label = image.image_file.rpartition("/")[0], (image.label_file or "").rpartition("/")[0]
        return by_folders.get((folder, label)) or by_images.get(folder, NO_SAMPLE)

    return [facts(image) for image in images]
