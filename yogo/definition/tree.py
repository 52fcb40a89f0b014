"""What a definition names, as a tree: folder pairs, and definitions with what those name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from yogo.definition.group_rule import NO_GROUPS, GroupRule
from yogo.definition.roles import NO_SAMPLE, SampleFacts


@dataclass(slots=True)
class Node:
    """One entry of a definition: a folder pair, or another definition with its own entries."""

    label: str
    file: Path
    """The definition that names it, and in which line."""

    line: int
    is_test: bool = False
    """Whether it is named under test_paths, and that counts: all its images are test images."""

    definition: Path | None = None
    """None for a folder pair."""

    images: Path | None = None
    labels: Path | None = None
    """The folders of a pair; None where one is not there."""

    grouping: GroupRule = NO_GROUPS
    """How the groups of its images are known, or of those below it that say nothing else."""

    sample: SampleFacts = NO_SAMPLE
    is_broken: bool = False
    """Whether something is wrong with it, or below it."""

    fractions: dict[str, float] = field(default_factory=dict)
    """What a definition below says of the split, which is not used: that of the whole decides."""

    num_pictures: int = 0
    num_unlabelled: int = 0
    splits: dict[str, int] = field(default_factory=lambda: {"train": 0, "val": 0, "test": 0})
    """Images: part to number."""

    num_read: int = 0
    """Images whose labels are counted in `num_boxes`."""

    num_boxes: int = 0
    parts: list[Node] = field(default_factory=list)

    @property
    def key(self) -> tuple[Path | None, Path | None]:
        return self.images, self.labels


def pairs_of(nodes: Sequence[Node]) -> Iterator[Node]:
    """The folder pairs in the trees."""
    for node in nodes:
        if node.definition is None:
            yield node
        yield from pairs_of(node.parts)


def add_up(nodes: Sequence[Node]) -> None:
    """Give each definition the sums of what is below it."""
    for node in nodes:
        if node.definition is None:
            continue
        add_up(node.parts)
        node.num_pictures = sum(part.num_pictures for part in node.parts)
        node.num_unlabelled = sum(part.num_unlabelled for part in node.parts)
        node.num_read = sum(part.num_read for part in node.parts)
        node.num_boxes = sum(part.num_boxes for part in node.parts)
        node.splits = {split: sum(part.splits[split] for part in node.parts) for split in node.splits}
        node.is_broken = node.is_broken or any(part.is_broken for part in node.parts)
