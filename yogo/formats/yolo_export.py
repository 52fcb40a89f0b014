"""What is common to the layouts of YOLO's labels for other programs, which look for the images beside the labels: there
images are linked.

Folders that are called `images` are left out of names, as these programs replace that word in the path of an image by
`labels`. Images in no split are written as train.
"""

from __future__ import annotations

import os
from collections import Counter

from yogo.formats.labelled import LabelledImage
from yogo.formats.request import LabelTarget
from yogo.formats.yolo import label_rows
from yogo.text.wording import counted


class YoloExport:
    def __init__(self, target: LabelTarget) -> None:
        self.folder = target.folder
        self.classes = target.classes
        self.counts: Counter[str] = Counter()
        """Images by split."""

        self._numbers = {name: number for number, name in enumerate(target.classes)}
        self._num_unsplit = self._num_found = self._num_linked = 0

    def place_of(self, image: LabelledImage) -> tuple[str, str]:
        """The split that an image is written to, and its name there."""
        *folders, last = image.name.split("/")
        return image.split or "train", "/".join([*(one for one in folders if one != "images"), last])

    def add(self, image: LabelledImage, there: str, label: str) -> None:
        """Link an image `there`, and write its label, both paths with the image's suffix."""
        rows = label_rows(image.boxes, self._numbers)
        self.folder.write(f"{os.path.splitext(label)[0]}.txt", rows, image.place)
        if image.file is not None:
            self._num_found += 1
            self._num_linked += self.folder.link(there, image.file)
        self._num_unsplit += not image.split
        self.counts[image.split or "train"] += 1

    @property
    def num_lost(self) -> int:
        """Images that were not found."""
        return self.counts.total() - self._num_found

    def notes(self, where: str) -> list[str]:
        """What to say of splits, and of images; `where` they belong."""
        notes = []
        if self._num_unsplit:
            notes.append(f"{counted(self._num_unsplit, 'image', 'is')} in no split, and written as train")
        if self.num_lost:
            notes.append(
                f"Images that were not found ({self.num_lost:,}) are expected {where}: put them there, or convert with "
                "--images"
            )
        if unlinked := self._num_found - self._num_linked:
            notes.append(f"This disk has no links. Images ({unlinked:,}) are expected {where}: copy them there")
        if self._num_linked:
            notes.append("Images are linked, not copied: `zip -r` and `cp -rL` take the images themselves along")
        return notes
