"""YOLO's label files: read in every layout that programs export (yogo.formats.yolo_layouts), written as a data set that
`yogo train` reads.

    OUT/labels/<split>/<folders of the image>/<name of the image>.txt
    OUT/classes.txt
    OUT/definition.yml      names the classes, the label folders, and the image folders where they are
"""

from __future__ import annotations

import itertools
import os
import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from yogo.definition.group_rule import NO_GROUPS, GroupRule
from yogo.definition.labels import Notes, read_exactly, read_notes
from yogo.definition.leftovers import LISTS, leftover
from yogo.errors import ImagesNotFound, LabelsError, YogoError
from yogo.files.yaml12 import dumped
from yogo.formats.finder import IMAGE_SUFFIXES, FoundImage, ImageFinder
from yogo.formats.labelled import NAME_THEM, LabelledBox, LabelledImage, SourcePlace, safe_name
from yogo.formats.request import FormatParts, LabelSource, LabelTarget
from yogo.formats.yolo_layouts import DEFINITION, YoloFolder, YoloLayout, layout_of
from yogo.formats.yolo_shapes import YoloShapes
from yogo.text.wording import counted, listed


def recognise(path: Path) -> Path | None:
    """The file or folder to read, if this is one; None if not."""
    try:
        return path if layout_of(path) else None
    except (YogoError, OSError):
        return path


class YoloReader:
    def __init__(self, source: LabelSource) -> None:
        self._source = source
        layout = layout_of(source.path)
        if layout is None:
            raise LabelsError(f"{source.path}: There are no label files (.txt) of YOLO in here, nor below labels/")
        self._layout: YoloLayout = layout
        self.classes = source.begin(layout.root(), layout.classes)
        if not self.classes:
            raise LabelsError(
                f"{source.path}: No list of classes (classes.txt, obj.names, data.yaml) says what the numbers in the "
                "labels mean: name the classes in their order with --classes"
            )
        self.notes = [*layout.notes]
        source.has_groups = any(folder.grouping for folder in layout.folders)
        source.shared_groups = layout.shared_groups

    def images(self) -> Iterator[LabelledImage]:
        for folder in self._layout.folders:
            yield from self._of(folder)

    def _of(self, folder: YoloFolder) -> Iterator[LabelledImage]:
        notes = None if folder.images == folder.labels else read_notes(folder.labels)
        shapes = YoloShapes(self._source.omitted, self._layout.num_keypoints)
        find = self._finding(folder)
        with os.scandir(folder.labels) as entries:
            names = sorted(one.name for one in entries if one.name.lower().endswith(".txt") and one.name[0] != ".")
        for name in names:
            path = folder.labels / name
            split = folder.listed.get(name[:-4], folder.split)
            found = find(name[:-4], split)
            if found is not None:
                yield replace(self._image(path, found, notes, shapes), split=split, grouping=folder.grouping)
            elif name.lower() not in LISTS and not leftover(folder.labels, name):
                where = self._source.image_folder or folder.images
                raise ImagesNotFound(f"{path}: {where} has no image of this name, or several{NAME_THEM}")

    def _finding(self, folder: YoloFolder) -> Callable[[str, str], FoundImage | None]:
        """What finds the image of a label: of the same name in the folder beside it, else anywhere below --images."""
        finder = self._source.finder
        assert finder is not None, "begin makes one"
        images = Path(os.path.abspath(folder.images))
        own: dict[str, str] = {}
        if images.is_relative_to(finder.root):
            with os.scandir(images) as entries:
                for name in sorted(one.name for one in entries if one.name.lower().endswith(IMAGE_SUFFIXES)):
                    own.setdefault(os.path.splitext(name)[0], name)
        linked = {} if own else _linked(images, finder.root)
        below = os.path.relpath(images, finder.root)
        beside = finder if self._source.image_folder else ImageFinder(images, images)

        def find(stem: str, split: str) -> FoundImage | None:
            if (name := own.get(stem)) is not None:
                return FoundImage(posixpath.normpath(posixpath.join(below, name)), images / name)
            if (link := linked.get(stem)) is not None:
                return link
            found = beside.find_stem(f"{folder.labels}/{stem}", split)
            if found is None or beside is finder or found.file is None:
                return found
            finder.num_renamed += 1
            return FoundImage(os.path.relpath(found.file, finder.root), found.file)

        return find

    def _image(self, path: Path, found: FoundImage, notes: Notes | None, shapes: YoloShapes) -> LabelledImage:
        labels = read_exactly(
            path, self.classes, notes, lambda numbers, line: shapes.box_of(numbers, SourcePlace(path, line))
        )
        rows = zip(*[iter(labels.rows)] * 5, strict=True)
        boxes = tuple(LabelledBox(self.classes[int(kind)], *corners) for kind, *corners in rows)
        place = SourcePlace(path)
        return LabelledImage(safe_name(found.name, place), boxes, file=found.file, place=place)


def _linked(folder: Path, root: Path) -> dict[str, FoundImage]:
    """The images below `root` that are linked in a folder, by the names of the links without their suffix."""
    found: dict[str, FoundImage] = {}
    top = root.resolve()
    with os.scandir(folder) as entries:
        links = sorted(one.name for one in entries if one.name.lower().endswith(IMAGE_SUFFIXES) and one.is_symlink())
    for name in links:
        real = (folder / name).resolve()
        if real.is_relative_to(top) and real.is_file():
            below = real.relative_to(top).as_posix()
            found.setdefault(os.path.splitext(name)[0], FoundImage(below, root / below))
    return found


def label_rows(boxes: Iterable[LabelledBox], numbers: Mapping[str, int]) -> str:
    """The text of a label file; `numbers` are those of the classes."""
    rows = []
    for box in boxes:
        values = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, box.x1 - box.x0, box.y1 - box.y0
        rows.append(" ".join([str(numbers[box.name]), *(f"{max(value, 0.0):.10g}" for value in values)]) + "\n")
    return "".join(rows)


class YoloWriter:
    def __init__(self, target: LabelTarget) -> None:
        self._target = target
        self._numbers = {name: number for number, name in enumerate(target.classes)}
        self._pairs: dict[tuple[str, str], Path | None] = {}
        """The folder of images of each split and folder of names."""

        self._rules: dict[tuple[str, str], set[GroupRule]] = {}
        """How the groups of their images are known: one rule each, unless folders of several come together in one."""

        self._counts: Counter[str] = Counter()
        self._num_lost = 0
        """Images that were not found."""

    def add(self, image: LabelledImage) -> None:
        folder, last = posixpath.split(image.name)
        labels = posixpath.join("labels", image.split, folder)
        rows = label_rows(image.boxes, self._numbers)
        self._target.folder.write(posixpath.join(labels, f"{os.path.splitext(last)[0]}.txt"), rows, image.place)
        self._counts[image.split] += 1
        self._num_lost += image.file is None
        self._rules.setdefault((image.split, folder), set()).add(image.grouping)
        known = self._pairs.setdefault((image.split, folder), image.file and image.file.parent)
        if known is None and image.file is not None:
            self._pairs[image.split, folder] = image.file.parent

    def close(self) -> list[str]:
        out = self._target.folder
        out.write("classes.txt", "".join(f"{name}\n" for name in self._target.classes))
        out.write(DEFINITION, dumped(self._definition(), flow=False))
        notes = [f"Train on it with: yogo train {out.out / DEFINITION}"] if not self._num_lost else []
        if self._counts["val"]:
            notes.append(
                f"A definition has no list of validation images: {counted(self._counts['val'], 'image')} of val lie in "
                "dataset_paths, and training takes as large a share of all of them for validation"
            )
        if self._num_lost:
            where = sorted(self._images(folder, None) for (_, folder), images in self._pairs.items() if images is None)
            put = f"put them into {out.out / where[0]}, or " if where else ""
            notes.append(f"Nothing trains on it until its images are found: {put}convert with --images")
        if mixed := sorted(posixpath.join(*key) for key, rules in self._rules.items() if len(rules) > 1):
            notes.append(
                "The groups of images are not carried over where folders with different rules for them come together: "
                f"in {listed(f'labels/{one}'.rstrip('/') for one in mixed)}"
            )
        return notes

    def _definition(self) -> dict[str, object]:
        data: dict[str, object] = {}
        test: dict[str, object] = {}
        rules: dict[str, GroupRule] = {}
        for (split, folder), images in self._pairs.items():
            pair = {
                "image_path": self._images(folder, images),
                "label_path": posixpath.join("labels", split, folder).rstrip("/"),
            }
            label = "_".join(part for part in (split, *folder.split("/")) if part) or "images"
            label = next(one for number in itertools.count(1) if (one := _numbered(label, number)) not in rules)
            rule, *others = self._rules[split, folder]
            rules[label] = NO_GROUPS if others else rule
            (test if split == "test" else data)[label] = pair
        if not data:
            data, test = test, {}
        shares = self._shares(has_test=bool(test))
        said: dict[str, object] = {"class_names": [*self._target.classes], "dataset_split_fractions": shares}
        return {**said, **self._groups(rules), "dataset_paths": data} | ({"test_paths": test} if test else {})

    def _groups(self, rules: Mapping[str, GroupRule]) -> dict[str, object]:
        """What the definition says of groups, from the rule of each label of it."""
        if not any(rules.values()):
            return {}
        if len({*rules.values()}) == 1 and not (only := next(iter(rules.values()))).name:
            said: dict[str, object] = {"group_pattern": only.pattern}
        else:
            named = {
                label: {"group": rule.name, "group_pattern": rule.pattern} for label, rule in rules.items() if rule
            }
            said = {"folders": {label: {key: one for key, one in rule.items() if one} for label, rule in named.items()}}
        return said | ({"shared_groups": [*self._target.shared_groups]} if self._target.shared_groups else {})

    def _shares(self, *, has_test: bool) -> dict[str, float]:
        if self._counts["val"]:
            val = round(self._counts["val"] / (self._counts.total() - (self._counts["test"] if has_test else 0)), 4)
            val = min(max(val, 0.01), 0.99)
            return {"train": round(1 - val, 4), "val": val}
        return {"train": 0.8, "val": 0.2} if has_test else {"train": 0.8, "val": 0.1, "test": 0.1}

    def _images(self, folder: str, images: Path | None) -> str:
        """The path of a folder of images, from where the definition will lie."""
        if images is None:
            path = posixpath.join("images", folder).rstrip("/")
            self._target.folder.make_folder(path)
            return path
        return self._target.folder.path_to(images)


def _numbered(label: str, number: int) -> str:
    return label if number == 1 else f"{label}_{number}"


FORMAT = FormatParts(recognise, YoloReader, YoloWriter)
