"""Pascal VOC's XML, a file for each image. http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/devkit_doc.html

What the corners mean differs. VOC's own sets count pixels from 1, and name the first and the last pixel of a box; most
programs (LabelImg, CVAT, Label Studio) write the edges of the box, from 0. It is read as VOC's own where the file says
that it is from there (<database>The VOC2007 Database</database>), else as edges; it is written as edges, and with
decimals, so that nothing is rounded.

    OUT/Annotations/<folders of the image>/<name of the image>.xml
    OUT/ImageSets/Main/<train, val or test>.txt
    OUT/classes.txt     the classes in their order, which the files do not say
"""

from __future__ import annotations

import os
import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from yogo.definition.class_lists import listed_classes
from yogo.errors import LabelsError
from yogo.formats.labelled import LabelledBox, LabelledImage, SourcePlace, pixel_box, pixel_size, safe_name
from yogo.formats.request import Corners, FormatParts, LabelSource, LabelTarget
from yogo.formats.xml_stream import XmlElement, parts_of, root_of
from yogo.text.wording import counted

_ROOT = "annotation"
_OF_DEVKIT = re.compile(r"The VOC\d{4} Database|PASCAL VOC", re.IGNORECASE)
_READ_AS: dict[Corners, str] = {
    "edges": "the edges of boxes, from 0, as LabelImg and CVAT write them",
    "inclusive": "the first and last pixels of boxes, from 1, as in VOC's own sets",
}


def recognise(path: Path) -> Path | None:
    """The file or folder to read, if this is one; None if not."""
    try:
        if path.is_dir():
            first = next(_files(path), None)
            return path if first and root_of(first) == _ROOT else None
        return path if path.suffix.lower() == ".xml" and root_of(path) == _ROOT else None
    except (LabelsError, OSError):
        return path if path.is_dir() and (path / "Annotations").is_dir() else None


def _files(folder: Path) -> Iterator[Path]:
    """Those in Annotations, where there is such a folder, in order."""
    start = folder / "Annotations" if (folder / "Annotations").is_dir() else folder
    for inside, folders, names in os.walk(start):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(inside, name) for name in sorted(names) if name.lower().endswith(".xml") and name[0] != ".")


class VocReader:
    def __init__(self, source: LabelSource) -> None:
        self._source = source
        path = source.path
        self._root = path if path.is_dir() else path.parent
        if self._root.name == "Annotations":
            self._root = self._root.parent
        lists = [self._root / "classes.txt", self._root / "predefined_classes.txt"]
        listed = next((listed_classes(one) for one in lists if one.is_file()), [])
        self.classes = source.begin(self._root, listed)
        self._splits = _splits(self._root / "ImageSets" / "Main")
        self._corners: Counter[Corners] = Counter()

    @property
    def notes(self) -> list[str]:
        return [
            f"Corners are read as {_READ_AS[kind]}, in {counted(number, 'file')} (--voc-corners says otherwise)"
            for kind, number in self._corners.items()
        ]

    def images(self) -> Iterator[LabelledImage]:
        self._corners.clear()
        path = self._source.path
        for file in _files(path) if path.is_dir() else [path]:
            yield self._image(file)

    def _image(self, file: Path) -> LabelledImage:
        parts = [*parts_of(file, _ROOT)]
        whole = XmlElement(_ROOT, {}, SourcePlace(file, 1), parts=parts)
        annotations = self._root / "Annotations"
        start = annotations if file.is_relative_to(annotations) else self._root
        below = posixpath.join(*file.parent.relative_to(start).parts, "") if file.parent != start else ""
        written = safe_name(
            below + posixpath.basename((whole.said("filename") or f"{file.stem}").replace("\\", "/")), whole.place
        )
        stem = f"{below}{file.stem}"
        split = self._splits.get(stem) or self._splits.get(file.stem, "")
        name, found = self._source.find(written, split, below)
        size = whole.part("size")
        said = pixel_size(size.said("width"), size.said("height"), size.place) if size else None
        image = LabelledImage(name, (), said, found, split, place=whole.place)
        objects = [*whole.all("object")]
        said = said or (image.needed_size() if objects else None)
        corners = self._source.corners or self._said(whole)
        self._corners[corners] += 1
        boxes = [self._box(one, said or (1, 1), corners) for one in objects]
        return LabelledImage(
            name, tuple(box for box in boxes if box is not None), said, found, split, place=whole.place
        )

    def _said(self, whole: XmlElement) -> Corners:
        source = whole.part("source")
        return "inclusive" if source and _OF_DEVKIT.search(source.said("database")) else "edges"

    def _box(self, one: XmlElement, size: tuple[int, int], corners: Corners) -> LabelledBox | None:
        omitted = self._source.omitted
        for _ in one.all("part"):
            omitted.add("parts of objects", one.place)
        if one.said("truncated") == "1" or one.said("occluded") == "1":
            omitted.add("marks of boxes as truncated or occluded", one.place)
        box = one.part("bndbox")
        if box is None:
            for tag, what in (("polygon", "polygons"), ("robndbox", "turned boxes")):
                if one.part(tag):
                    omitted.add(what, one.place)
                    return None
            raise one.place.error("This object has no bndbox: add its box, or remove it")
        if one.part("polygon"):
            omitted.add("outlines of objects (their boxes are carried over)", one.place)
        given: list[object] = [box.said(tag) for tag in ("xmin", "ymin", "xmax", "ymax")]
        name = self._source.class_of(one.said("name"), one.place)
        is_difficult = one.said("difficult") == "1"
        if corners == "inclusive":
            given = [_shifted(value) for value in given[:2]] + given[2:]
        return pixel_box(name, given, size, box.place, is_difficult=is_difficult)


def _shifted(value: object) -> object:
    """The edge before a pixel that is counted from 1."""
    try:
        return float(str(value)) - 1
    except ValueError:
        return value


def _splits(folder: Path) -> dict[str, str]:
    """Of each image, by its name without the suffix, as VOC's lists say."""
    found: dict[str, str] = {}
    for split in ("train", "val", "test"):
        path = folder / f"{split}.txt"
        if path.is_file():
            for line in path.read_text("utf-8", "replace").splitlines():
                if name := line.strip():
                    found[name] = split
    return found


class VocWriter:
    def __init__(self, target: LabelTarget) -> None:
        self._target = target
        self._splits: dict[str, list[str]] = {}
        self._corners: Corners = target.corners or "edges"

    def add(self, image: LabelledImage) -> None:
        size = image.needed_size()
        stem = os.path.splitext(image.name)[0]
        folder, name = posixpath.split(image.name)
        begin = (
            f"<annotation>\n  <folder>{escape(folder)}</folder>\n  <filename>{escape(name)}</filename>\n"
            "  <source><database>written by yogo labels convert</database></source>\n"
            f"  <size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>\n"
            "  <segmented>0</segmented>\n"
        )
        objects = "".join(_object(box, size, self._corners) for box in image.boxes)
        self._target.folder.write(f"Annotations/{stem}.xml", f"{begin}{objects}</annotation>\n", image.place)
        if image.split:
            self._splits.setdefault(image.split, []).append(stem)

    def close(self) -> list[str]:
        for split, stems in self._splits.items():
            self._target.folder.write(f"ImageSets/Main/{split}.txt", "".join(f"{stem}\n" for stem in stems))
        self._target.folder.write("classes.txt", "".join(f"{name}\n" for name in self._target.classes))
        return [f"The corners are {_READ_AS[self._corners]}"]


def _object(box: LabelledBox, size: tuple[int, int], corners: Corners) -> str:
    first = 1 if corners == "inclusive" else 0
    x0, y0, x1, y1 = box.in_pixels(size)
    tags = {"xmin": x0 + first, "ymin": y0 + first, "xmax": x1, "ymax": y1}
    bndbox = "".join(f"<{tag}>{_plain(value)}</{tag}>" for tag, value in tags.items())
    return (
        f"  <object>\n    <name>{escape(box.name)}</name>\n    <pose>Unspecified</pose>\n    <truncated>0</truncated>\n"
        f"    <difficult>{int(box.is_difficult)}</difficult>\n    <bndbox>{bndbox}</bndbox>\n  </object>\n"
    )


def _plain(value: float) -> str:
    """Without decimals where there are none: 12, 12.5."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


FORMAT = FormatParts(recognise, VocReader, VocWriter)
