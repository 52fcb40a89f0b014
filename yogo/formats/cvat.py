"""CVAT's XML, `CVAT for images 1.1`. https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/

Corners are the edges of a box in pixels, from 0. Polygons, points, masks, tags and attributes are left out.

    OUT/annotations.xml

CVAT's export in its format `YOLO 1.1` is read by yogo.formats.yolo.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import quoteattr

from yogo.errors import LabelsError
from yogo.formats.labelled import LabelledBox, LabelledImage, class_name, number, pixel_box, pixel_size, safe_name
from yogo.formats.request import FormatParts, LabelSource, LabelTarget, split_of, upright
from yogo.formats.xml_stream import XmlElement, parts_of, root_of

_ROOT = "annotations"
_NAME = "annotations.xml"
_OTHERS = {
    "polygon": "polygons",
    "polyline": "lines",
    "points": "points",
    "ellipse": "ellipses",
    "cuboid": "cuboids",
    "skeleton": "skeletons (keypoints)",
    "mask": "masks",
    "tag": "tags of images",
}


def recognise(path: Path) -> Path | None:
    """The file to read, if this is one or holds one; None if not."""
    file = path / _NAME if path.is_dir() else path
    try:
        return file if file.suffix.lower() == ".xml" and file.is_file() and root_of(file) == _ROOT else None
    except (LabelsError, OSError):
        return file if path.is_dir() else None


class CvatReader:
    def __init__(self, source: LabelSource) -> None:
        self._source = source
        source.path = recognise(source.path) or source.path
        self.classes = source.begin(source.path.parent, _labels(source.path))
        self.notes: list[str] = []

    def images(self) -> Iterator[LabelledImage]:
        for part in parts_of(self._source.path, _ROOT):
            if part.tag == "track":
                raise part.place.error("These are tracks of a video: export the task as `CVAT for images 1.1`")
            if part.tag == "image":
                yield self._image(part)

    def _image(self, part: XmlElement) -> LabelledImage:
        given = part.attributes
        split = split_of(given.get("subset", ""))
        written = safe_name(given.get("name"), part.place)
        name, file = self._source.find(written, split, f"images/{given.get('subset', '')}")
        image = LabelledImage(
            name, (), pixel_size(given.get("width"), given.get("height"), part.place), file, split, place=part.place
        )
        shapes = [one for one in part.parts if one.tag == "box" or self._lost(one)]
        size = image.size or (image.needed_size() if shapes else None)
        boxes = tuple(self._box(one, size or (1, 1)) for one in shapes)
        return LabelledImage(name, boxes, size, file, split, place=part.place)

    def _lost(self, one: XmlElement) -> bool:
        self._source.omitted.add(_OTHERS.get(one.tag, f"<{one.tag[:40]}>"), one.place)
        return False

    def _box(self, one: XmlElement, size: tuple[int, int]) -> LabelledBox:
        given, omitted = one.attributes, self._source.omitted
        name = self._source.class_of(given.get("label"), one.place)
        for _ in one.all("attribute"):
            omitted.add("attributes of boxes", one.place)
        if given.get("occluded") == "1":
            omitted.add("marks of boxes as truncated or occluded", one.place)
        corners = [number(given.get(tag), f"{tag} of a box", one.place) for tag in ("xtl", "ytl", "xbr", "ybr")]
        if degrees := number(given.get("rotation", 0), "The rotation of a box", one.place):
            omitted.add("turns of boxes (the upright box around them is carried over)", one.place)
            x0, y0, x1, y1 = corners
            corners = [*upright((x0, y0), x1 - x0, y1 - y0, degrees, size, is_centred=True)]
        return pixel_box(name, corners, size, one.place)


def _labels(path: Path) -> list[str]:
    """The classes in the description of the task or project, in their order."""
    found: list[str] = []
    for part in parts_of(path, _ROOT):
        if part.tag == "image":
            break
        if part.tag == "meta":
            for way in (("task",), ("project",), ("job",), ()):
                for label in part.all(*way, "labels", "label"):
                    found.append(class_name(label.said("name"), label.place))
    return found


class CvatWriter:
    def __init__(self, target: LabelTarget) -> None:
        self._num = 0
        self._file = target.folder.create(_NAME)
        labels = "".join(
            f"        <label><name>{_text(name)}</name><attributes></attributes></label>\n" for name in target.classes
        )
        self._file.write(
            '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n  <meta>\n    <task>\n'
            f"      <labels>\n{labels}      </labels>\n    </task>\n  </meta>\n".encode()
        )

    def add(self, image: LabelledImage) -> None:
        size = image.needed_size()
        subset = f" subset={quoteattr(image.split)}" if image.split else ""
        lines = [
            f'  <image id="{self._num}" name={quoteattr(image.name)}{subset} width="{size[0]}" height="{size[1]}">\n'
        ]
        for box in image.boxes:
            x0, y0, x1, y1 = (f"{corner:.6f}".rstrip("0").rstrip(".") for corner in box.in_pixels(size))
            lines.append(
                f'    <box label={quoteattr(box.name)} source="manual" occluded="0" '
                f'xtl="{x0}" ytl="{y0}" xbr="{x1}" ybr="{y1}" z_order="0">\n    </box>\n'
            )
        lines.append("  </image>\n")
        self._file.write("".join(lines).encode())
        self._num += 1

    def close(self) -> list[str]:
        self._file.write(b"</annotations>\n")
        self._file.close()
        return [f"In CVAT, make a task of the images with these labels, and upload {_NAME} as `CVAT 1.1`"]


def _text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


FORMAT = FormatParts(recognise, CvatReader, CvatWriter)
