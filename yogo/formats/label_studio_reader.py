"""Reads Label Studio's tasks, exported as JSON or as JSON-MIN.

A task counts as labelled if it has an annotation that was not cancelled; of several, the one marked as ground truth is
taken, else the newest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from yogo.errors import LabelsError
from yogo.formats.finder import IMAGE_SUFFIXES
from yogo.formats.json_stream import begins, elements
from yogo.formats.label_studio import CONFIG, TASKS, TO, LabelStudioWriter
from yogo.formats.labelled import (
    LabelledBox,
    LabelledImage,
    SourcePlace,
    check,
    class_name,
    number,
    pixel_size,
    safe_name,
)
from yogo.formats.request import FormatParts, LabelSource, LabelTarget, LabelWriter, split_of, upright
from yogo.formats.xml_stream import XmlElement, parts_of
from yogo.text.wording import shown

_SIDES = ("x", "y", "width", "height")
_OTHERS = {
    "polygonlabels": "polygons",
    "points": "polygons",
    "ellipselabels": "ellipses",
    "keypointlabels": "keypoints",
    "brushlabels": "masks",
    "rle": "masks",
    "choices": "choices",
    "text": "texts",
    "rating": "ratings",
}
_TURNED = "turns of boxes (the upright box around them is carried over)"


def recognise(path: Path) -> Path | None:
    """The file to read, if this is one or holds one; None if not."""
    if not path.is_dir():
        return path if path.suffix.lower() == ".json" and _has_tasks(path) else None
    named = [path / TASKS] if (path / TASKS).is_file() else sorted(path.glob("*.json"))
    return next((one for one in named if _has_tasks(one)), None)


def _has_tasks(path: Path) -> bool:
    try:
        kind, found = begins(path)
    except (LabelsError, OSError):
        return False
    first = found[0] if kind == "list" and found else None
    if not isinstance(first, dict):
        return False
    return isinstance(first.get("data"), dict) or bool({"annotation_id", "annotator", "lead_time"} & first.keys())


class LabelStudioReader:
    def __init__(self, source: LabelSource) -> None:
        self._source = source
        source.path = recognise(source.path) or source.path
        config = source.path.parent / CONFIG
        self.classes = source.begin(source.path.parent, _labels(config) if config.is_file() else [])
        self.notes: list[str] = []

    def images(self) -> Iterator[LabelledImage]:
        for element in elements(self._source.path):
            if element.key or not isinstance(element.value, dict):
                raise element.place.error("A list of tasks is expected, as Label Studio exports with JSON and JSON-MIN")
            if (image := self._image(element.value, element.place)) is not None:
                yield image

    def _image(self, task: Mapping[str, Any], place: SourcePlace) -> LabelledImage | None:
        regions = self._regions(task, place)
        if regions is None:
            return None
        data = task.get("data", task)
        if not isinstance(data, dict):
            raise place.error(f"The data of a task is {shown(data)}; a map with the image is expected")
        written = _name_of(data, place)
        split = split_of(data["split"]) if isinstance(data.get("split"), str) else ""
        name, file = self._source.find(written, split)
        size = next((one for region in regions if (one := _size(region, place))), None)
        image = LabelledImage(name, (), size, file, split, place=place)
        boxes = tuple(box for region in regions for box in self._boxes(region, image))
        return LabelledImage(name, boxes, size, file, split, place=place)

    def _regions(self, task: Mapping[str, Any], place: SourcePlace) -> list[dict[str, Any]] | None:
        """What was drawn on the image; None if nobody, or no model, has looked at it."""
        omitted = self._source.omitted
        if "data" not in task:  # JSON-MIN: values alone, below the name of the control
            lists = [value for value in task.values() if isinstance(value, list)]
            return [_as_region(one) for found in lists for one in found if isinstance(one, dict)]
        wanted, other = ("predictions", "annotations") if self._source.predictions else ("annotations", "predictions")
        done = [one for one in _maps(task, wanted, place) if not one.get("was_cancelled")]
        if not done:
            hint = {
                "annotations": "pre-annotations alone (--predictions reads them)",
                "predictions": "no pre-annotations",
            }
            omitted.add(
                f"tasks with {hint[wanted]}" if _maps(task, other, place) else "tasks that nobody has labelled", place
            )
            return None
        for _ in done[1:]:
            omitted.add(f"further {'pre-' if self._source.predictions else ''}annotations of a task", place)
        found = _chosen(done).get("result")
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise place.error(f"The result of an annotation is {shown(found)}; a list of regions is expected")
        return found

    def _boxes(self, region: dict[str, Any], image: LabelledImage) -> Iterator[LabelledBox]:
        place, omitted = image.place, self._source.omitted
        value = region.get("value")
        if region.get("type") == "relation" or not isinstance(value, dict):
            omitted.add("relations", place)
            return
        if not {*_SIDES} <= value.keys() or "ellipselabels" in value or "brushlabels" in value:
            omitted.add(next((what for key, what in _OTHERS.items() if key in value), "regions without a box"), place)
            return
        names = value.get("rectanglelabels") or value.get("labels")
        if not isinstance(names, list):
            omitted.add("boxes without a class", place)
            return
        if number(region.get("image_rotation") or 0, "image_rotation", place) % 360:
            omitted.add("boxes on an image that was turned in Label Studio", place)
            return
        corners = self._corners(value, region, image)
        score = region.get("score")
        for one in names:
            name = self._source.class_of(one, place)
            box = LabelledBox(name, *corners, number(score, "A score", place) if score is not None else None)
            x0, y0, x1, y1 = (100 * corner for corner in corners)
            check(box, place, f"({x0:g}, {y0:g}) to ({x1:g}, {y1:g}) per cent")
            yield box

    def _corners(
        self, value: dict[str, Any], region: dict[str, Any], image: LabelledImage
    ) -> tuple[float, float, float, float]:
        x, y, width, height = (number(value[key], f"The {key} of a box", image.place) / 100 for key in _SIDES)
        degrees = number(value.get("rotation") or 0, "The rotation of a box", image.place)
        if not degrees % 360:
            return x, y, x + width, y + height
        self._source.omitted.add(_TURNED, image.place)
        size = _size(region, image.place) or image.needed_size()
        across, down = size
        turned = upright((x * across, y * down), width * across, height * down, degrees, size, is_centred=False)
        return turned[0] / across, turned[1] / down, turned[2] / across, turned[3] / down


def _maps(task: Mapping[str, Any], key: str, place: SourcePlace) -> list[dict[str, Any]]:
    found = task.get(key) or []
    if not isinstance(found, list) or not all(isinstance(one, dict | int) for one in found):
        raise place.error(f"The {key} of a task are {shown(found)}; a list is expected")
    return [one for one in found if isinstance(one, dict)]


def _chosen(done: list[dict[str, Any]]) -> dict[str, Any]:
    return max(
        done, key=lambda one: (bool(one.get("ground_truth")), str(one.get("updated_at") or one.get("created_at") or ""))
    )


def _as_region(value: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "",
        "value": value,
        **{key: value[key] for key in ("original_width", "original_height", "image_rotation") if key in value},
    }


def _size(region: dict[str, Any], place: SourcePlace) -> tuple[int, int] | None:
    return pixel_size(region.get("original_width"), region.get("original_height"), place)


def _name_of(data: Mapping[str, Any], place: SourcePlace) -> str:
    """The name of a task's image, from its address."""
    texts = {key: value for key, value in data.items() if isinstance(value, str)}
    likely = [key for key in (TO, "img", "url", "image_url", "ocr") if key in texts]
    likely += [key for key, value in texts.items() if value.lower().endswith(IMAGE_SUFFIXES)]
    if not likely:
        raise place.error("This task has no image: an address such as /data/local-files/?d=... is expected in its data")
    address = texts[likely[0]]
    if address.startswith("data:"):
        raise place.error("This task holds the image itself instead of its name: export the images, and name them")
    name = safe_name(_path_in(address), place)
    said = texts.get("name", "")
    return safe_name(said, place) if said and f"/{name}".endswith(f"/{said}") else name


def _path_in(address: str) -> str:
    """`b/é.png` for /data/local-files/?d=b/%C3%A9.png, `1a2b3c4d-é.png` for /data/upload/7/1a2b3c4d-%C3%A9.png, the
    path for s3://, gs:// and http://; what is no address, as it is."""
    if "://" not in address and not address.startswith("/data/"):
        return address
    parts = urlsplit(address)
    if wanted := parse_qs(parts.query).get("d"):
        return wanted[0]
    path = unquote(parts.path)
    return path.rpartition("/")[2] if "/data/upload/" in path else path


def _labels(config: Path) -> list[str]:
    """The classes of a labelling interface, in their order."""
    found: list[str] = []

    def walk(element: XmlElement) -> None:
        for part in element.parts:
            if part.tag == "Label" and element.tag in {"RectangleLabels", "Labels"}:
                found.append(class_name(part.attributes.get("value"), part.place))
            walk(part)

    for part in parts_of(config, "View"):
        walk(part)
    return found


def _writer(target: LabelTarget) -> LabelWriter:
    return LabelStudioWriter(target.folder, target.classes, root=target.root, predictions=target.predictions)


FORMAT = FormatParts(recognise, LabelStudioReader, _writer)
