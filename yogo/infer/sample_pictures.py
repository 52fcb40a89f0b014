"""The images of several samples, as one source: those of the first sample, then those of the second."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from yogo.definition.samples_file import SampleEntry, SamplesFile
from yogo.images.depth import UPPER_EIGHT, Asked
from yogo.images.pixels import Bytes, Marks
from yogo.infer.images import PictureFiles, Pictures
from yogo.infer.reading import FrameShape
from yogo.infer.zarr_store import ZarrStore

ImageKey = tuple[int, str]
"""The place of a sample, from 0, and the name of an image in it."""


@dataclass(frozen=True, slots=True)
class SampleSource:
    entry: SampleEntry
    pictures: PictureFiles | ZarrStore

    @property
    def names(self) -> Sequence[str]:
        """Of the images, each another."""
        if isinstance(self.pictures, PictureFiles):
            return [file.name for file in self.pictures.files]
        return self.pictures.stems

    def file(self, place: int) -> Path:
        """That an image is in: its own, or the store."""
        return self.pictures.files[place] if isinstance(self.pictures, PictureFiles) else self.pictures.path


class SamplePictures:
    """An index goes over the images of all samples, except those that are left out as they are counted already."""

    def __init__(self, file: SamplesFile, sources: Sequence[SampleSource], done: Collection[ImageKey] = ()) -> None:
        self.path: Path = file.path
        self.file = file
        self.sources = sources
        self.keys: list[ImageKey] = []
        """(I,): sample and name of each image."""

        self.places: list[tuple[int, int]] = []
        """(I,): sample of each image, and its place in it."""

        for sample, source in enumerate(sources):
            for place, name in enumerate(source.names):
                if (sample, name) not in done:
                    self.keys.append((sample, name))
                    self.places.append((sample, place))
        self.sample_I: npt.NDArray[np.intp] = np.array([sample for sample, _ in self.places], np.intp)
        self.stems: Sequence[str] = [f"{sources[sample].entry.name}/{name}" for sample, name in self.keys]

    @classmethod
    def of(cls, file: SamplesFile, frame: FrameShape, *, axes: str | None, channel: int | None) -> SamplePictures:
        """`axes` and `channel` are those of the zarr stores. Raises InferenceError."""

        def opened(entry: SampleEntry) -> PictureFiles | ZarrStore:
            if entry.zarr is None:
                return PictureFiles(entry.place)
            return ZarrStore(entry.zarr, frame.image_hw, rgb=frame.rgb, axes=axes, channel=channel)

        return cls(file, [SampleSource(entry, opened(entry)) for entry in file.samples])

    def without(self, done: Collection[ImageKey]) -> SamplePictures:
        return SamplePictures(self.file, self.sources, done)

    @property
    def num_samples(self) -> int:
        return len(self.sources)

    def name(self, index: int) -> str:
        part, place = self._at(index)
        return part.name(place)

    def read(self, index: int, *, rgb: bool, bits: Asked = UPPER_EIGHT) -> Bytes:
        part, place = self._at(index)
        return part.read(place, rgb=rgb, bits=bits)

    def marks(self, index: int) -> Marks:
        part, place = self._at(index)
        return part.marks(place)

    def depth(self) -> int:
        return max(source.pictures.depth() for source in self.sources)

    def _at(self, index: int) -> tuple[Pictures, int]:
        sample, place = self.places[index]
        return self.sources[sample].pictures, place
