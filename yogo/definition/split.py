"""Which images are for training, validation and test: the same in every process and on every machine.

Each image is placed by a digest of the seed, its folder pair's label and its name below the folder.
Nothing depends on absolute paths, on hash seeds or on the order in which a file system lists a folder.
Where images have groups, these are spread by what is on their images (see yogo.definition.stratify), and the digest
decides between equals.
"""

from __future__ import annotations

import bisect
import hashlib
import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from yogo.definition.balance import GroupBalance, balance
from yogo.definition.folder_count import FolderCounter
from yogo.definition.folders import Listing, listing
from yogo.definition.fractions import SplitFractions
from yogo.definition.grouping import group_problems
from yogo.definition.model import DatasetDefinition
from yogo.definition.problem import Problem, complaint
from yogo.definition.roles import NO_SAMPLE, SampleFacts
from yogo.definition.stratify import spread


@dataclass(frozen=True, slots=True)
class Sample:
    """A labelled image. Its paths are strings: making thousands of Path objects takes longer than reading them."""

    image_file: str
    label_file: str | None
    """None: nothing is on it."""

    key: str
    """Its name below the labels of its definition, wherever the folders are; unique within a definition."""

    group: str = ""
    """What it belongs to and is never parted from, such as its slide; empty if it stands alone."""

    sample: SampleFacts = NO_SAMPLE

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
    balance: GroupBalance | None = None
    """How well the groups could be spread; None if there are none."""

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


def split(
    definition: DatasetDefinition,
    *,
    override: SplitFractions | None = None,
    seed: int = 0,
    memory: Path | None = None,
) -> Splits:
    """Split a definition's images; `override` splits the images of the test paths too. Where images have groups, their
    labels are read; what is in them is remembered in the folder `memory`, as FolderCounter does.

    Raises InvalidDatasetDefinitionFile or MissingPath for a folder without labels, a label without its image, or a
    group in training and in test.
    """
    data = [listing(pair, definition.classes) for pair in definition.dataset_paths]
    test = [listing(pair, definition.classes) for pair in definition.test_dataset_paths]
    problems = [problem for one in (*data, *test) for problem in one.problems]
    apart = (data, test) if override is None else (data + test, [])
    told = [*group_problems(*apart, definition.shared_groups, definition.path)]
    if any(problem.is_error for problem in (*problems, *told)):
        raise complaint(problems + told, f"`yogo check {definition.path}` lists all")
    counter = FolderCounter(definition.classes, memory)
    fractions = override or definition.split_fractions
    found = share_out(data, test, fractions, seed=seed, pool=override is not None, counter=counter)
    return replace(found, warnings=found.warnings + tuple(told))


def share_out(
    data: list[Listing],
    test: list[Listing],
    fractions: SplitFractions,
    *,
    seed: int = 0,
    pool: bool = False,
    counter: FolderCounter | None = None,
    tell: Callable[[int], None] = lambda _: None,
) -> Splits:
    """The same for folders that were listed already; with `pool`, the test images are split as well. Groups are
    balanced by the boxes that `counter` counts; `tell` receives how many more label files are read for that."""
    listings = [*data, *test]
    samples = list(_samples(listings))
    fixed = 0 if pool else sum(len(one.names) for one in test)
    free, held = samples[: len(samples) - fixed], samples[len(samples) - fixed :]
    drawn = sorted(range(len(free)), key=draws(seed, (sample.key for sample in free)).__getitem__)
    is_grouped = any(sample.group for sample in free)
    amounts: list[Sequence[int]] = []
    if is_grouped and sum(share > 0 for _, share in fractions.items()) > 1:
        amounts = [*_amounts(listings if pool else data, counter, tell)]
        chosen = _by_groups(free, drawn, fractions, amounts)
    else:
        chosen = [-1] * len(free)
        ends = [*itertools.accumulate(sizes(len(free), fractions))]
        for place, index in enumerate(drawn):
            chosen[index] = bisect.bisect_right(ends, place)
    parts = [tuple(sample for sample, part in zip(free, chosen, strict=True) if part == number) for number in range(3)]
    return Splits(
        parts[0],
        parts[1],
        parts[2] + tuple(held),
        sum(one.num_unlabelled for one in listings),
        tuple(dict.fromkeys(problem for one in listings for problem in one.problems)),
        _balance((*parts[:2], parts[2] + tuple(held)), fractions, chosen, amounts, counter)
        if is_grouped or any(sample.group for sample in held)
        else None,
    )


def _by_groups(
    free: Sequence[Sample], drawn: Sequence[int], fractions: SplitFractions, amounts: Sequence[Sequence[int]]
) -> list[int]:
    """The part of each image: that of its group. An image without one is a group of its own."""
    members: dict[str, list[int]] = {}
    for index in drawn:
        members.setdefault(f"g{free[index].group}" if free[index].group else f"i{free[index].key}", []).append(index)
    sums = [
        [sum(column) for column in zip(*(amounts[index] for index in one), strict=True)] for one in members.values()
    ]
    chosen = [-1] * len(free)
    for one, part in zip(members.values(), spread(sums, [share for _, share in fractions.items()]), strict=True):
        for index in one:
            chosen[index] = part
    return chosen


def _amounts(
    listings: Sequence[Listing], counter: FolderCounter | None, tell: Callable[[int], None]
) -> Iterator[Sequence[int]]:
    """Of each image: 1, and its boxes of each class."""
    for one in listings:
        counts = counter.count(one.pair.labels, [label for _, label in one.names], tell, keep=True) if counter else {}
        for _, label in one.names:
            boxes = Counter(counts[label].boxes[::3]) if counter else {}
            yield (1, *(boxes.get(index, 0) for index in range(len(counter.classes) if counter else 0)))


def _balance(
    parts: Sequence[Sequence[Sample]],
    fractions: SplitFractions,
    chosen: Sequence[int],
    amounts: Sequence[Sequence[int]],
    counter: FolderCounter | None,
) -> GroupBalance:
    names = [name for name, _ in fractions.items()]
    sums = {name: [0] * len(amounts[0]) for name in names} if amounts else {}
    for part, amount in zip(chosen, amounts, strict=False):
        into = sums[names[part]]
        for thing, number in enumerate(amount):
            into[thing] += number
    groups = {name: [sample.group for sample in part] for name, part in zip(names, parts, strict=True)}
    return balance(groups, dict(fractions.items()), sums, counter.classes if counter else ())


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


def draws(seed: int, keys: Iterable[str]) -> list[bytes]:
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
        images, labels, rule = str(one.pair.images), str(one.pair.labels), one.pair.grouping
        for picture, text in one.names:
            group = rule.group_of(picture) if rule else ""
            yield Sample(f"{images}/{picture}", f"{labels}/{text}", f"{prefix}/{picture}", group, one.pair.sample)
