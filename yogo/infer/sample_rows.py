"""images.csv: a row for each image of the samples, written batch by batch and continued after a stop.

Axes: T = 2 (any probability of the class, above the threshold), S samples, I images of a batch, K classes.
"""

from __future__ import annotations

import csv
import errno
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from yogo.files.atomic import naming, write_atomically
from yogo.files.foreign import opened
from yogo.infer.sample_pictures import ImageKey, SamplePictures

Ints = npt.NDArray[np.int64]


class ImageRows:
    """`counts` has (2, K) of each image that is counted: of all boxes, and of those above the threshold."""

    def __init__(self, path: Path, pictures: SamplePictures, classes: Sequence[str]) -> None:
        self.path = path
        self.counts: dict[ImageKey, Ints] = {}
        self._pictures, self._classes = pictures, classes
        self._names = [source.entry.name for source in pictures.sources]
        self._header = ["sample", "image", *(f"{kind}_{name}" for kind in ("count", "every") for name in classes)]

    def take_over(self, samples: Sequence[int], begun_at: float) -> None:
        """The rows that are there, of these samples; not of images that were changed since, in seconds of the clock."""
        known = {(sample, name): place for sample in samples for place, name in enumerate(self._names_in(sample))}
        places = {name: sample for sample, name in enumerate(self._names)}
        for name, image, *numbers in self._rows():
            key = (places.get(name, -1), image)
            if key in known and not self._is_newer(key[0], known[key], begun_at):
                above_K, every_K = np.array_split(np.array([int(one) for one in numbers], np.int64), 2)
                self.counts[key] = np.stack([every_K, above_K])

    def begin(self) -> None:
        """Write what was taken over, and be ready for more. Raises OSError."""
        write_atomically(self.path, self._text(self.counts))
        with naming(self.path):
            self._file = self.path.open("ab", buffering=0)

    def add(self, keys: Sequence[ImageKey], counts_TIK: Ints) -> None:
        """Whole rows, or none. Raises OSError."""
        new = {key: counts_TIK[:, place] for place, key in enumerate(keys)}
        data = self._text(new, has_header=False)
        size = self._file.tell()
        with naming(self.path):
            try:
                if self._file.write(data) != len(data):
                    raise OSError(errno.ENOSPC, "the disk is full")
            except OSError:
                self._file.truncate(size)
                raise
        self.counts |= new

    def end(self) -> None:
        """Write all rows in the order of the samples and their images. Raises OSError."""
        wanted = [(sample, name) for sample in range(len(self._names)) for name in self._names_in(sample)]
        self.counts = {key: self.counts[key] for key in wanted if key in self.counts}
        write_atomically(self.path, self._text(self.counts))

    def close(self) -> None:
        self._file.close()

    def sums(self) -> tuple[Ints, Ints]:
        """(S,): how many images of each sample are counted; (2, S, K): their counts."""
        images_S = np.zeros(len(self._names), np.int64)
        counts_TSK = np.zeros((2, len(self._names), len(self._classes)), np.int64)
        for (sample, _), counts_TK in self.counts.items():
            images_S[sample] += 1
            counts_TSK[:, sample] += counts_TK
        return images_S, counts_TSK

    def _names_in(self, sample: int) -> Sequence[str]:
        return self._pictures.sources[sample].names

    def _is_newer(self, sample: int, place: int, begun_at: float) -> bool:
        try:
            status = self._pictures.sources[sample].file(place).stat()
        except OSError:
            return True
        return max(status.st_mtime, status.st_ctime) > begun_at

    def _rows(self) -> Iterator[list[str]]:
        """Whole ones, as this class writes them; none where the file is another."""
        try:
            with opened(self.path) as file:
                text = file.read().decode("utf-8", "surrogateescape")
        except OSError:
            return
        rows = csv.reader(io.StringIO(text[: text.rfind("\n") + 1], newline=""))
        try:
            if next(rows, None) != self._header:
                return
            for row in rows:
                if len(row) == len(self._header) and all(one.isdecimal() for one in row[2:]):
                    yield row
        except csv.Error:  # the rest is counted again
            return

    def _text(self, counts: dict[ImageKey, Ints], *, has_header: bool = True) -> bytes:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        if has_header:
            writer.writerow(self._header)
        for (sample, name), (every_K, above_K) in counts.items():
            writer.writerow([self._names[sample], name, *above_K.tolist(), *every_K.tolist()])
        return text.getvalue().encode("utf-8", "surrogateescape")
