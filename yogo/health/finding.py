"""What a deep check can find, and how much of the data it affects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import ConfigDict

Unit = Literal["image", "box", "class"]


@dataclass(frozen=True, slots=True)
class FindingKind:
    name: str
    """The plural, as a heading."""

    unit: Unit
    """What is affected."""

    advice: str
    """What to do."""


KINDS: Mapping[str, FindingKind] = {
    "near_duplicate": FindingKind(
        "near-duplicate images",
        "image",
        "Remove all but one of them, or keep all in one split: a model that is tested on what it learnt scores "
        "too high",
    ),
    "overlap": FindingKind(
        "images that show parts of the same place",
        "image",
        "Keep them in one split, by giving them one group: their cells are the same cells",
    ),
    "known_to_run": FindingKind(
        "images that the run knows",
        "image",
        "Do not test with images that the run was trained on: its weights have learnt them",
    ),
    "twice": FindingKind("boxes drawn twice", "box", "Look at the image, and remove one of the two rows"),
    "outside": FindingKind(
        "boxes that reach out of the image",
        "box",
        "End the box at the image's edge; if many do, check what exported them",
    ),
    "no_area": FindingKind(
        "boxes without area", "box", "Remove the row, or draw the box again: it is left out of training as it is"
    ),
    "odd_size": FindingKind(
        "boxes of an odd size",
        "box",
        "Look at the image: the class may be wrong, or the box drawn over several objects",
    ),
    "odd_shape": FindingKind(
        "boxes of an odd shape", "box", "Look at the image: the box may cover two objects, or a part of one"
    ),
    "never": FindingKind(
        "classes that never occur", "class", "Label some, or remove the class: it cannot be learnt, and lowers the mean"
    ),
    "one_split": FindingKind(
        "classes missing in a split",
        "class",
        "Choose other fractions, or label more of it: what is not in training is not learnt, and what is not in "
        "validation or test is not measured",
    ),
    "dark": FindingKind("images darker than the rest", "image", "Look at it: was the lamp off? Remove it if so"),
    "bright": FindingKind("images brighter than the rest", "image", "Look at it: is it overexposed? Remove it if so"),
    "blurry": FindingKind(
        "images more blurred than the rest", "image", "Look at it: if the cells cannot be told apart, remove it"
    ),
    "blank": FindingKind(
        "images that show nothing", "image", "Look at it: remove it if the camera failed; keep it if the field is empty"
    ),
    "no_boxes": FindingKind(
        "images without a box", "image", "If there are cells on it, label them; if not, all is well: it may stay"
    ),
}
"""In the order in which they are told."""

OF_SPLITS = frozenset(("near_duplicate", "overlap", "known_to_run"))
"""Those that the definition mends, by putting images into other splits or leaving them out."""


@dataclass(frozen=True, slots=True)
class DataFinding:
    """One thing to look at."""

    __pydantic_config__ = ConfigDict(extra="ignore")

    kind: str
    message: str
    file: str
    line: int | None = None
    others: tuple[str, ...] = ()
    """Other files that it is about; of the images that a run knows, those of the run."""

    other_lines: tuple[int, ...] = ()
    """Other lines of the file that are affected."""

    def __str__(self) -> str:
        """The sentence with its place in front."""
        return f"{self.file}{f', line {self.line}' if self.line else ''}: {self.message}"

    @property
    def advice(self) -> str:
        return KINDS[self.kind].advice


@dataclass(frozen=True, slots=True)
class Affected:
    """How much of the data one kind of finding affects."""

    kind: str
    name: str
    unit: Unit
    number: int
    total: int

    @property
    def share(self) -> float:
        return self.number / self.total if self.total else 0.0


@dataclass(slots=True)
class DataHealth:
    """What a deep check found."""

    num_images: int = 0
    num_read: int = 0
    """Images that could be read; the ordinary check names the others."""

    num_boxes: int = 0
    num_sound: int = 0
    """Images that could be read, as their labels could, and of which nothing was found, nor of their labels."""

    findings: list[DataFinding] = field(default_factory=list)
    affected: list[Affected] = field(default_factory=list)
    """How much of the data each kind of finding affects; the kinds without findings too."""

    remarks: list[str] = field(default_factory=list)
    """What could not be compared or checked."""


def affected(findings: Iterable[DataFinding], totals: Mapping[Unit, int], *, with_run: bool) -> list[Affected]:
    """A row for each kind that was looked for, those without findings too. An image is counted once, however often it
    is found. `with_run`: a run's images were compared too."""
    images: dict[str, set[str]] = {}
    numbers: Counter[str] = Counter()
    for one in findings:
        images.setdefault(one.kind, set()).update((one.file, *one.others * (one.kind != "known_to_run")))
        numbers[one.kind] += 1
    return [
        Affected(key, kind.name, kind.unit, len(images.get(key, ())) if kind.unit == "image" else numbers[key], total)
        for key, kind in KINDS.items()
        for total in [totals[kind.unit]]
        if with_run or key != "known_to_run"
    ]
