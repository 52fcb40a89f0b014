"""What differs between the data of two definitions or runs: images, labels and boxes, by class and split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from yogo.definition.balance import PARTS
from yogo.definition.box_changes import Box, box_changes
from yogo.definition.data_version import DataVersion, Digests, VersionedImage, read_versions
from yogo.text.wording import agreed, counted

Progress = Callable[[str, int, int], None]

ADDED, REMOVED, CHANGED, RENAMED, MOVED, RELABELLED = (
    "image added",
    "image removed",
    "image changed",
    "image renamed",
    "split changed",
    "label changed",
)
KINDS = (ADDED, REMOVED, CHANGED, RENAMED, MOVED, RELABELLED)
"""In the order in which they are told."""

MOST_NAMED = 10
"""Changes of one kind that are named where not all are asked for."""

_TELL_EVERY = 200


@dataclass(frozen=True, slots=True)
class DataChange:
    """One thing that is otherwise with one image."""

    kind: str
    split: str
    """That of the second version; of a removed image, that of the first."""

    image: str
    """Path in the second version; of a removed image, in the first."""

    said: str = ""
    """What became what, in words."""


@dataclass(slots=True)
class BoxCounts:
    added: int = 0
    removed: int = 0
    changed: int = 0
    """The object is the same, and its class or its place is another."""


@dataclass(slots=True)
class DataDifference:
    names: tuple[str, str]
    are_runs: tuple[bool, bool]
    num_images: tuple[dict[str, int], dict[str, int]]
    """Of both: split to number."""

    classes_added: tuple[str, ...] = ()
    classes_removed: tuple[str, ...] = ()
    is_reordered: bool = False
    """Whether the classes are the same in another order."""

    num_same: int = 0
    """Images of which nothing has changed, nor of their labels or splits."""

    images: dict[str, dict[str, int]] = field(default_factory=dict)
    """Kind of change to split to number of images; moved ones count in the split that they are in now."""

    moves: dict[str, int] = field(default_factory=dict)
    """Such as `train to test`, to number of images."""

    boxes: dict[str, dict[str, BoxCounts]] = field(default_factory=dict)
    """Class to split to its boxes; a box that has another class now counts as changed with the class that it had."""

    class_changes: dict[str, int] = field(default_factory=dict)
    """Such as `ring to trophozoite`, to number of boxes."""

    changes: list[DataChange] = field(default_factory=list)
    num_changes: dict[str, int] = field(default_factory=dict)
    """Kind to number; more than are named in `changes`, if not all were asked for."""

    remarks: list[str] = field(default_factory=list)
    """What cannot be told, and how it was compared."""

    @property
    def is_same(self) -> bool:
        return not (self.num_changes or self.classes_added or self.classes_removed or self.is_reordered)


def data_difference(
    first: Path,
    second: Path,
    *,
    base: Path | None = None,
    memory: Path | None = None,
    progress: Progress | None = None,
    most: int | None = None,
) -> DataDifference:
    """Compare two definitions, run directories or data.json.gz files. `most` changes of each kind are named; by default
    all are. `base` is that of DatasetDefinition.from_yaml; `memory` is the folder of the caches.

    Raises what `progress` raises, RunError, InvalidDatasetDefinitionFile, MissingPath.
    """
    tell = progress or (lambda *_: None)
    tell("reading what there is", 0, 0)
    one, other, remark = read_versions(first, second, base=base, memory=memory)
    return _Comparing(one, other, memory, tell, [remark] if remark else []).run(most)


class _Comparing:
    def __init__(
        self, one: DataVersion, other: DataVersion, memory: Path | None, tell: Progress, remarks: list[str]
    ) -> None:
        self._one, self._other = one, other
        self._digests = Digests(memory, tell)
        self._tell = tell
        ours, theirs = set(one.classes), set(other.classes)
        self._found = DataDifference(
            names=(one.name, other.name),
            are_runs=(one.is_run, other.is_run),
            num_images=(_by_split(one.images), _by_split(other.images)),
            classes_added=tuple(name for name in other.classes if name not in ours),
            classes_removed=tuple(name for name in one.classes if name not in theirs),
            is_reordered=one.classes != other.classes and ours == theirs,
            remarks=remarks,
        )
        self._class_changes: Counter[str] = Counter()
        self._renamed: set[str] = set()
        self._untold = 0
        """Labels whose boxes cannot be told."""

    def run(self, most: int | None) -> DataDifference:
        found = self._found
        pairs, removed, added = self._matched()
        self._compare(pairs)
        self._count(self._other, added, ADDED)
        self._count(self._one, removed, REMOVED)
        if self._untold:
            which = counted(self._untold, "label")
            found.remarks.append(
                f"The boxes of {which} cannot be told: a run keeps what its files were known by, not the boxes, and "
                f"{agreed(self._untold, 'this')} {agreed(self._untold, 'is')} changed or gone by now"
            )
        found.class_changes = dict(self._class_changes.most_common())
        found.num_changes = {kind: number for kind in KINDS if (number := sum(found.images.get(kind, {}).values()))}
        order = {kind: place for place, kind in enumerate(KINDS)}
        found.changes.sort(key=lambda change: order[change.kind])
        if most is not None:
            found.changes = [*_first_of_each(found.changes, most)]
        return found

    def _matched(
        self,
    ) -> tuple[list[tuple[VersionedImage, VersionedImage]], list[VersionedImage], list[VersionedImage]]:
        """Images of both by their place, then by their name below the labels, then by what they hold; and the rest of
        either."""
        left, right = self._one.images, self._other.images
        pairs: list[tuple[VersionedImage, VersionedImage]] = []
        for key in (lambda one: (one.image, one.label), lambda one: one.image, lambda one: one.key):
            more, left, right = _paired(left, right, key)
            pairs += more
        if left and right:
            self._know(left, right)
            digests = self._digests
            more, left, right = _paired(left, right, lambda one: digests.of(one.image, one.image_stamp) or one)
            pairs += more
            self._renamed = {other.image for _, other in more}
            for one, other in more:
                self._note(RENAMED, other, f"was {one.image}")
        return pairs, left, right

    def _know(self, left: Sequence[VersionedImage], right: Sequence[VersionedImage]) -> None:
        """Digest the images that may be the same under another name: those of a size that both have."""
        import os

        def sizes(images: Sequence[VersionedImage]) -> dict[str, int]:
            known = {}
            for one in images:
                try:
                    known[one.image] = one.image_stamp.size if one.image_stamp else os.stat(one.image).st_size
                except OSError:
                    continue
            return known

        of_both = sizes(left), sizes(right)
        common = {*of_both[0].values()} & {*of_both[1].values()}
        paths = [
            one.image
            for images, known in zip((left, right), of_both, strict=True)
            for one in images
            if not one.image_stamp and known.get(one.image) in common
        ]
        self._digests.read(paths, "looking for images under other names")

    def _compare(self, pairs: Sequence[tuple[VersionedImage, VersionedImage]]) -> None:
        differ = self._digests.differ
        images = differ(((a.image, a.image_stamp, b.image, b.image_stamp) for a, b in pairs), "comparing images")
        labels = differ(((a.label, a.label_stamp, b.label, b.label_stamp) for a, b in pairs), "comparing labels")
        for number, ((one, other), is_new, is_other) in enumerate(zip(pairs, images, labels, strict=True)):
            if number % _TELL_EVERY == 0:
                self._tell("comparing boxes", number, len(pairs))
            is_same = not is_new and other.image not in self._renamed
            if is_new:
                self._note(CHANGED, other)
            if one.split != other.split:
                move = f"{one.split} to {other.split}"
                self._found.moves[move] = self._found.moves.get(move, 0) + 1
                self._note(MOVED, other, f"from {one.split}{f', group {other.group}' if other.group else ''}")
                is_same = False
            if is_other or self._means_another(one, other):
                is_same &= not self._relabelled(one, other, is_other=is_other)
            self._found.num_same += is_same

    def _means_another(self, one: VersionedImage, other: VersionedImage) -> bool:
        """Whether the same label may say something else, as the list of classes or the notes are others."""
        return self._one.classes != self._other.classes or self._one.meaning(one.label) != self._other.meaning(
            other.label
        )

    def _relabelled(self, one: VersionedImage, other: VersionedImage, *, is_other: bool) -> bool:
        """Whether anything but the layout of the file has changed, as far as can be known."""
        before, after = self._one.boxes(one), self._other.boxes(other)
        if before is None or after is None:
            self._untold += 1
            if is_other:
                self._note(RELABELLED, other)
            return is_other
        added, removed, changed = box_changes(before, after)
        if not (added or removed or changed):
            return False
        self._add(other.split, added=added, removed=removed, changed=[old for old, _ in changed])
        for old, new in changed:
            if old[0] != new[0]:
                self._class_changes[f"{old[0]} to {new[0]}"] += 1
        words = [
            f"{counted(len(boxes), 'box')} {what}" for boxes, what in ((added, "added"), (removed, "removed")) if boxes
        ]
        classes = Counter(f"{old[0]} to {new[0]}" for old, new in changed if old[0] != new[0])
        words += [f"{number} {change}" for change, number in classes.items()]
        moved = len(changed) - sum(classes.values())
        words += [f"{counted(moved, 'box')} moved or resized"] if moved else []
        self._note(RELABELLED, other, ", ".join(words))
        return True

    def _count(self, version: DataVersion, images: Sequence[VersionedImage], kind: str) -> None:
        for number, image in enumerate(images):
            if number % _TELL_EVERY == 0:
                self._tell(f"counting boxes of images {kind.rpartition(' ')[2]}", number, len(images))
            boxes = version.boxes(image)
            self._untold += boxes is None
            said = "" if boxes is None else f"with {counted(len(boxes), 'box')}"
            if boxes:
                self._add(image.split, **{"added" if kind == ADDED else "removed": boxes})
            self._note(kind, image, said)

    def _add(
        self, split: str, *, added: Sequence[Box] = (), removed: Sequence[Box] = (), changed: Sequence[Box] = ()
    ) -> None:
        for what, boxes in (("added", added), ("removed", removed), ("changed", changed)):
            for name, number in Counter(box[0] for box in boxes).items():
                into = self._found.boxes.setdefault(name, {}).setdefault(split, BoxCounts())
                setattr(into, what, getattr(into, what) + number)

    def _note(self, kind: str, image: VersionedImage, said: str = "") -> None:
        numbers = self._found.images.setdefault(kind, dict.fromkeys(PARTS, 0))
        numbers[image.split] += 1
        self._found.changes.append(DataChange(kind, image.split, image.image, said))


def _by_split(images: Iterable[VersionedImage]) -> dict[str, int]:
    numbers = Counter(one.split for one in images)
    return {part: numbers[part] for part in PARTS}


def _paired(
    left: Sequence[VersionedImage], right: Sequence[VersionedImage], key: Callable[[VersionedImage], object]
) -> tuple[list[tuple[VersionedImage, VersionedImage]], list[VersionedImage], list[VersionedImage]]:
    there: dict[object, list[VersionedImage]] = {}
    for one in reversed(right):
        there.setdefault(key(one), []).append(one)
    pairs, alone, taken = [], [], set()
    for one in left:
        others = there.get(key(one))
        if others:
            pairs.append((one, other := others.pop()))
            taken.add(id(other))
        else:
            alone.append(one)
    return pairs, alone, [one for one in right if id(one) not in taken]


def _first_of_each(changes: Iterable[DataChange], most: int) -> Iterable[DataChange]:
    told: Counter[str] = Counter()
    for change in changes:
        told[change.kind] += 1
        if told[change.kind] <= most:
            yield change


def totals(boxes: Mapping[str, BoxCounts]) -> BoxCounts:
    """Over all splits."""
    found = BoxCounts()
    for one in boxes.values():
        found.added += one.added
        found.removed += one.removed
        found.changed += one.changed
    return found
