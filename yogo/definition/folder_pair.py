"""The two folders that labelled images come in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yogo.definition.group_rule import NO_GROUPS, GroupRule
from yogo.definition.roles import NO_SAMPLE, SampleFacts


@dataclass(frozen=True, slots=True)
class FolderPair:
    """A folder of images, and the folder of their labels; both absolute, links resolved."""

    label: str
    """Its label in the definition, which may be any text."""

    images: Path
    labels: Path
    grouping: GroupRule = NO_GROUPS
    sample: SampleFacts = NO_SAMPLE

    @property
    def folders(self) -> tuple[Path, Path]:
        return self.images, self.labels

    @property
    def image_path(self) -> Path:
        """The same, under its published name."""
        return self.images

    @property
    def label_path(self) -> Path:
        """The same, under its published name."""
        return self.labels
