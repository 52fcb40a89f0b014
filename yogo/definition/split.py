"""Which images are for training, validation and test: the same in every process and on every machine.

Each image is placed by a digest of the seed, its folder pair's label and its name below the folder.
Nothing depends on absolute paths, on hash seeds or on the order in which a file system lists a folder.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from yogo.definition.folders import Listing, listing
from yogo.definition.fractions import SplitFractions
from yogo.definition.model import DatasetDefinition
from yogo.definition.problem import Problem, complaint


@dataclass(frozen=True, slots=True)
class Sample:
    """A labelled image. Its paths are strings: making thousands of Path objects takes longer than reading them."""

    image_file: str
    label_file: str | None
    """None: nothing is on it."""

    key: str
    """Its name below the labels of its definition, wherever the folders are; unique within a definition."""

    @property
    def image(self) -> Path:
        return Path(self.image_file)

    @property
    def label(self) -> Path | None:
        return None if self.label_file is None else Path(self.label_file)


@dataclass(frozen=True, slots=True)
class Splits:
    """The parts, each in the order of the definition and, within a folder, of names."""

    train: tuple[Sample, ...]
    val: tuple[Sample, ...] = ()
    test: tuple[Sample, ...] = ()
    num_unlabelled: int = 0
    """Number of images that were left out because they have no label file."""

    warnings: tuple[Problem, ...] = ()

    def items(self) -> tuple[tuple[str, tuple[Sample, ...]], ...]:
        return ("train", self.train), ("val", self.val), ("test", self.test)

    @property
    def overlaps(self) -> tuple[tuple[Sample, Sample], ...]:
        """Images that are in test and also in training or validation: the same file, reached by two paths."""
        known = {_real(sample.image): sample for sample in self.train + self.val}
        pairs = ((known.get(_real(sample.image)), sample) for sample in self.test)
        return tuple((one, other) for one, other in pairs if one is not None)


def _real(path: Path) -> Path:
    # The folders are resolved already, so only a link in the last place can lead elsewhere.
    return path.resolve() if path.is_symlink() else path


def split(definition: DatasetDefinition, *, override: SplitFractions | None = None, seed: int = 0) -> Splits:
    """Split a definition's images; `override` splits the images of the test paths too.

    Raises InvalidDatasetDefinitionFile or MissingPath for a folder without labels, or a label without its image.
    """
    data = [listing(pair, definition.classes) for pair in definition.dataset_paths]
    test = [listing(pair, definition.classes) for pair in definition.test_dataset_paths]
    problems = [problem for one in (*data, *test) for problem in one.problems]
    if any(problem.is_error for problem in problems):
        raise complaint(problems, f"`yogo check {definition.path}` lists all")
    return share_out(data, test, override or definition.split_fractions, seed=seed, pool=override is not None)


def share_out(
    data: list[Listing], test: list[Listing], fractions: SplitFractions, *, seed: int = 0, pool: bool = False
) -> Splits:
    """The same for folders that were listed already; with `pool`, the test images are split as well."""
    listings = [*data, *test]
    samples = list(_samples(listings))
    fixed = 0 if pool else sum(len(one.names) for one in test)
    free, held = samples[: len(samples) - fixed], samples[len(samples) - fixed :]
    drawn = sorted(range(len(free)), key=_draws(seed, (sample.key for sample in free)).__getitem__)
    parts = []
    start = 0
    for size in sizes(len(free), fractions):
        parts.append(tuple(free[index] for index in sorted(drawn[start : start + size])))
        start += size
    return Splits(
        parts[0],
        parts[1],
        parts[2] + tuple(held),
        sum(one.num_unlabelled for one in listings),
        tuple(dict.fromkeys(problem for one in listings for problem in one.problems)),
    )


def sizes(num_samples: int, fractions: SplitFractions) -> tuple[int, int, int]:
    """Sizes of train, val and test, rounded half up; the last part that has a share takes the rest."""
    shares = [share for _, share in fractions.items()]
    last = max(index for index, share in enumerate(shares) if share)
    found = [0, 0, 0]
    for index, share in enumerate(shares[:last]):
        # Rounding first to nine places keeps 0.7 * 45 = 31.499999999999996 a half.
        rounded = math.floor(round(share * num_samples, 9) + 0.5)
        found[index] = min(rounded, num_samples - sum(found))
    found[last] = num_samples - sum(found)
    return found[0], found[1], found[2]


def _draws(seed: int, keys: Iterable[str]) -> list[bytes]:
    seeded = hashlib.blake2b(f"{seed}\0".encode(), digest_size=16)
    draws = []
    for key in keys:
        draw = seeded.copy()
        draw.update(key.encode("utf-8", "surrogateescape"))
        draws.append(draw.digest())
    return draws


def _samples(listings: Iterable[Listing]) -> Iterator[Sample]:
    taken: set[str] = set()
    for one in listings:
        # Two folder pairs deep in a tree may have the same label: the later ones are numbered.
        numbered = (f"{one.pair.label}~{number}" for number in itertools.count(2))
        prefix = next(name for name in itertools.chain([one.pair.label], numbered) if name not in taken)
        taken.add(prefix)
        images, labels = str(one.pair.images), str(one.pair.labels)
        for picture, text in one.names:
            yield Sample(f"{images}/{picture}", f"{labels}/{text}", f"{prefix}/{picture}")
