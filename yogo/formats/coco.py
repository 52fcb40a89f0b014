"""COCO's instances in JSON, with categories whose ids may be any numbers. https://cocodataset.org/#format-data

A bbox is x, y, width and height in pixels, from 0. Segmentations, keypoints, crowds and attributes are left out.

    OUT/annotations/instances_<train, val, test or default>.json

A file is read in one pass, element by element: of each annotation 56 bytes are kept, as it may stand before its image.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from yogo.errors import LabelsError
from yogo.formats.json_stream import JsonElement, begins, elements
from yogo.formats.labelled import (
    LabelledBox,
    LabelledImage,
    Omissions,
    SourcePlace,
    class_name,
    number,
    pixel_box,
    pixel_size,
    safe_name,
)
from yogo.formats.output import JsonList, OutputFolder
from yogo.formats.request import FormatParts, LabelSource, LabelTarget, split_of
from yogo.text.wording import shown

_FOLDER = "annotations"
_MAPS = ("annotations", "", "train", "valid", "val", "test")


def recognise(path: Path) -> Path | None:
    """The file or folder to read, if this is one; None if not."""
    if path.is_dir():
        return path if _files(path) else None
    return path if path.suffix.lower() == ".json" and _is_coco(path) else None


def _is_coco(path: Path) -> bool:
    try:
        kind, keys = begins(path, {"images", "annotations", "categories"})
    except (LabelsError, OSError):
        return False
    return kind == "map" and len(keys) > 1


def _files(folder: Path) -> list[Path]:
    """Of a set as COCO, CVAT or Roboflow lay it out: those named instances, where there are such."""
    found = [path for name in _MAPS for path in sorted((folder / name).glob("*.json")) if path.is_file()]
    found = [path for path in found if path.name.startswith("instances")] or found
    return [path for path in found if _is_coco(path)]


class CocoReader:
    def __init__(self, source: LabelSource) -> None:
        self._source = source
        path = source.path
        files = _files(path) if path.is_dir() else [path]
        if not files:
            raise LabelsError(f"{path}: There is no COCO file (.json with images, annotations and categories) in here")
        root = path if path.is_dir() else path.parent.parent if path.parent.name == _FOLDER else path.parent
        self._root = root
        self._sets = [_CocoFile(file, source) for file in files]
        self.classes = source.begin(root, [name for one in self._sets for name in one.names])
        self.notes = [note for one in self._sets for note in one.notes()]

    def images(self) -> Iterator[LabelledImage]:
        for one in self._sets:
            below = os.path.relpath(one.path.parent, self._root)
            split = split_of(one.path.stem) or split_of(below)
            folder = below if self._source.image_folder is None else ""
            yield from one.images(self._source, split, folder)


class _CocoFile:
    """What one file says; images and annotations by the number of their image, in the order of the file."""

    def __init__(self, path: Path, source: LabelSource) -> None:
        self.path = path
        self._omitted = source.omitted
        self._tell = source.tell
        self._categories: dict[object, str] = {}
        self._numbers: dict[object, int] = {}
        """Of each id of an image."""

        self._images: dict[int, tuple[str, tuple[int, int] | None, int | None]] = {}
        self._owners, self._lines, self._kinds = array("q"), array("q"), array("q")
        self._boxes = array("d")
        self._ids: dict[object, int] = {}
        self._read()

    @property
    def names(self) -> list[str]:
        return [*self._categories.values()]

    def notes(self) -> Iterator[str]:
        if len({*self.names}) < len(self.names):
            yield f"{self.path} has several categories of one name, which become one class"

    def _read(self) -> None:
        take = {"images": self._image, "annotations": self._annotation, "categories": self._category}
        seen = set()
        for done, element in enumerate(elements(self.path)):
            seen.add(element.key)
            if done % 1000 == 0:
                self._tell("reading entries", done)
            if element.is_listed and element.key in take:
                if not isinstance(element.value, dict):
                    raise element.place.error(
                        f"An element of {element.key} is {shown(element.value)}; a map is expected"
                    )
                take[element.key](element.value, element)
            elif element.key in take and element.value != []:
                raise element.place.error(f"{element.key} is {shown(element.value)}; a list is expected")
        if missing := [key for key in take if key not in seen]:
            sentence = f"{missing[0]} is missing: COCO has images, annotations and categories"
            raise LabelsError(f"{self.path}: {sentence}")

    def _category(self, given: dict[str, Any], element: JsonElement) -> None:
        if not _is_id(given.get("id")):
            raise element.place.error(f"The id of a category is {shown(given.get('id'))}; a number is expected")
        if given["id"] in self._categories:
            raise element.place.error(f"The category id {given['id']} is used twice: give each category its own")
        self._categories[given["id"]] = class_name(given.get("name"), element.place)

    def _image(self, given: dict[str, Any], element: JsonElement) -> None:
        number_of = self._number(given.get("id"), "The id of an image", element.place)
        if number_of in self._images:
            raise element.place.error(f"The image id {shown(given['id'])} is used twice: give each image its own")
        size = pixel_size(given.get("width"), given.get("height"), element.place)
        self._images[number_of] = safe_name(given.get("file_name"), element.place), size, element.place.line

    def _annotation(self, given: dict[str, Any], element: JsonElement) -> None:
        place = element.place
        owner = self._number(given.get("image_id"), "The image_id of an annotation", place)
        if given.get("iscrowd"):
            self._omitted.add("crowd regions", place)
            return
        bbox = given.get("bbox")
        if not bbox:
            self._omitted.add("annotations without a box", place)
            return
        if not isinstance(bbox, list) or len(bbox) != 4:
            raise place.error(f"A bbox is four numbers, x, y, width and height, and this is {str(bbox)[:60]}")
        category = given.get("category_id")
        if not _is_id(category):
            raise place.error(f"The category_id of an annotation is {shown(category)}; a number is expected")
        _lost_of(given, place, self._omitted)
        self._boxes.extend([number(value, "A value of bbox", place) for value in bbox])
        self._owners.append(owner)
        self._lines.append(place.line or 0)
        self._kinds.append(self._ids.setdefault(category, len(self._ids)))

    def _number(self, given: object, what: str, place: SourcePlace) -> int:
        if not _is_id(given):
            raise place.error(f"{what} is {shown(given)}; a number is expected")
        return self._numbers.setdefault(given, len(self._numbers))

    def images(self, source: LabelSource, split: str, folder: str) -> Iterator[LabelledImage]:
        by_image: dict[int, array[int]] = {}
        for at, owner in enumerate(self._owners):
            by_image.setdefault(owner, array("q")).append(at)
        self._check_owners(by_image)
        kinds = [*self._ids]
        nothing = array("q")
        for owner, (written, said, line) in self._images.items():
            place = SourcePlace(self.path, line)
            name, file = source.find(written, split, folder)
            boxes = by_image.get(owner, nothing)
            image = LabelledImage(written, size=said, file=file, place=place)
            size = image.needed_size() if boxes else said
            made = tuple(self._box(at, kinds, size or (1, 1), source) for at in boxes)
            yield LabelledImage(name, made, size, file, split, place=place)

    def _check_owners(self, by_image: dict[int, array[int]]) -> None:
        for id, owner in self._numbers.items():
            if owner not in self._images and owner in by_image:
                place = SourcePlace(self.path, self._lines[by_image[owner][0]])
                raise place.error(f"The image_id {shown(id)} is not among the images: add the image, or remove this")

    def _box(self, at: int, kinds: list[object], size: tuple[int, int], source: LabelSource) -> LabelledBox:
        place = SourcePlace(self.path, self._lines[at])
        category = kinds[self._kinds[at]]
        if category not in self._categories:
            raise place.error(f"The category_id {shown(category)} is not among the categories: correct or add it")
        x, y, width, height = self._boxes[4 * at : 4 * at + 4]
        name = source.class_of(self._categories[category], place)
        return pixel_box(name, (x, y, x + width, y + height), size, place)


def _is_id(given: object) -> bool:
    return isinstance(given, int | str) and not isinstance(given, bool)


def _lost_of(given: dict[str, Any], place: SourcePlace, omitted: Omissions) -> None:
    if given.get("segmentation"):
        omitted.add("outlines of objects (their boxes are carried over)", place)
    if given.get("keypoints"):
        omitted.add("keypoints (the boxes of their objects are carried over)", place)
    attributes = given.get("attributes")
    if isinstance(attributes, dict) and any(attributes.values()):
        omitted.add("attributes of boxes", place)


class CocoWriter:
    def __init__(self, target: LabelTarget) -> None:
        self._target = target
        self._numbers = {name: number_of for number_of, name in enumerate(target.classes, 1)}
        self._sets: dict[str, _CocoParts] = {}

    def add(self, image: LabelledImage) -> None:
        size = image.needed_size()
        parts = self._sets.get(image.split) or self._begin(image.split)
        parts.num_images += 1
        width, height = size
        said = {"id": parts.num_images, "file_name": image.name, "width": width, "height": height}
        parts.images.add(said)
        for box in image.boxes:
            x0, y0, x1, y1 = box.in_pixels(size)
            parts.num_boxes += 1
            kind = {"id": parts.num_boxes, "image_id": parts.num_images, "category_id": self._numbers[box.name]}
            bbox = [round(value, 6) + 0.0 for value in (x0, y0, x1 - x0, y1 - y0)]
            area = round(bbox[2] * bbox[3], 6)
            parts.annotations.add({**kind, "bbox": bbox, "area": area, "segmentation": [], "iscrowd": 0})

    def close(self) -> list[str]:
        if not self._sets:
            self._begin("")
        for parts in self._sets.values():
            parts.close(self._target.classes)
        return []

    def _begin(self, split: str) -> _CocoParts:
        self._sets[split] = _CocoParts(self._target.folder, f"{_FOLDER}/instances_{split or 'default'}.json")
        return self._sets[split]


class _CocoParts:
    """The two long lists of one file, written side by side and joined at the end."""

    def __init__(self, folder: OutputFolder, name: str) -> None:
        self._folder = folder
        self._name = name
        self._file: IO[bytes] = folder.create(name)
        self._beside: IO[bytes] = folder.create(f"{name}.part")
        self._file.write(b'{"info": {"description": "written by yogo labels convert"},\n"images": [')
        self.images, self.annotations = JsonList(self._file), JsonList(self._beside)
        self.num_images = self.num_boxes = 0

    def close(self, classes: tuple[str, ...]) -> None:
        self._beside.close()
        with self._file as file:
            file.write(b'\n],\n"annotations": [')
            self._folder.append(file, f"{self._name}.part")
            file.write(b'\n],\n"categories": [')
            categories = JsonList(file)
            for number_of, name in enumerate(classes, 1):
                categories.add({"id": number_of, "name": name, "supercategory": ""})
            file.write(b"\n]}\n")


FORMAT = FormatParts(recognise, CocoReader, CocoWriter)
