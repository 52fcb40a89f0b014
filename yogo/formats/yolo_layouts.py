"""The layouts in which YOLO's label files come: which folders, and which list of classes.

yogo                a definition: class_names, dataset_paths, test_paths
Ultralytics         data.yaml: names (a list, or a map by number), path, train, val, test; images/ beside labels/
Roboflow            the same, with train/images, valid/images, test/images, and paths that begin with ../
CVAT's YOLO 1.1     obj.data, obj.names, train.txt; a label lies beside its image, in obj_train_data/
Label Studio        images/, labels/, classes.txt, notes.json
LabelImg            images, labels and classes.txt in one folder
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yogo.definition import DatasetDefinition
from yogo.definition.class_lists import listed_classes
from yogo.definition.group_rule import NO_GROUPS, GroupRule
from yogo.definition.labels import read_notes
from yogo.definition.leftovers import CLASS_LISTS, LISTS
from yogo.errors import LabelsError
from yogo.files import yaml12
from yogo.formats.finder import IMAGE_SUFFIXES
from yogo.formats.request import split_of
from yogo.formats.yolo_shapes import keypoint_numbers

DEFINITION = "definition.yml"
_LISTS_OF_IMAGES = {"train": ("train",), "val": ("valid", "val"), "test": ("test",)}


@dataclass(frozen=True, slots=True)
class YoloFolder:
    images: Path
    labels: Path
    split: str = ""
    listed: Mapping[str, str] = field(default_factory=dict)
    """The split of single images, by their name without the suffix."""

    grouping: GroupRule = NO_GROUPS


@dataclass(frozen=True, slots=True)
class YoloLayout:
    folders: tuple[YoloFolder, ...]
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    num_keypoints: int | None = None
    """The numbers of keypoints in each row of the labels, where that is said."""

    shared_groups: tuple[str, ...] = ()

    def root(self) -> Path:
        """The folder that all images lie below."""
        return Path(os.path.commonpath([folder.images for folder in self.folders]))


def layout_of(path: Path) -> YoloLayout | None:
    """The layout of a file or a folder; None if it is none of these. Raises YogoError for one that is broken."""
    if path.is_file():
        return _of_file(path)
    for name in (DEFINITION, "data.yaml", "data.yml", "dataset.yaml", "dataset.yml", "obj.data", "obj.names"):
        if (path / name).is_file() and (found := _of_file(path / name)):
            return found
    return _of_folders(path)


def _of_file(path: Path) -> YoloLayout | None:
    if path.name in {"obj.data", "obj.names"}:
        return _of_darknet(path.parent)
    if path.suffix not in {".yml", ".yaml"}:
        return None
    try:
        data = yaml12.load(path).data
    except yaml12.YamlError as error:
        line = f", line {error.line}" if error.line else ""
        raise LabelsError(f"{path}{line}: {error}") from error
    if not isinstance(data, dict):
        return None
    if "class_names" in data or "dataset_paths" in data:
        return _of_definition(path)
    return _of_data_yaml(path, data) if "names" in data or "train" in data else None


def _of_definition(path: Path) -> YoloLayout:
    definition = DatasetDefinition.from_yaml(path)
    folders = [
        YoloFolder(pair.images, pair.labels, split, grouping=pair.grouping)
        for split, pairs in (("", definition.dataset_paths), ("test", definition.test_dataset_paths))
        for pair in pairs
    ]
    shares = ", ".join(f"{name} {share:g}" for name, share in definition.split_fractions.items() if share)
    notes: tuple[str, ...] = ()
    if "," in shares:
        notes += (f"The shares of the splits in the definition ({shares}) are not carried over",)
    if definition.roles or any(pair.sample for pair in definition.all_dataset_paths):
        notes += (
            "The roles and samples of the definition (roles, sample, target_per_microlitre) are not carried over",
        )
    return YoloLayout(tuple(folders), definition.classes, notes, shared_groups=definition.shared_groups)


def _of_data_yaml(path: Path, data: dict[str, Any]) -> YoloLayout:
    folders: list[YoloFolder] = []
    empty: list[YoloFolder] = []
    for split in ("train", "val", "test"):
        given = data.get(split) or (data.get("valid") if split == "val" else None) or []
        for one in given if isinstance(given, list) else [given]:
            found = [*_named(path, data, str(one), split)]
            (folders if any(_has_labels(folder.labels) for folder in found) else empty).extend(found)
    folders = folders or empty
    if not folders:
        raise LabelsError(f"{path}: None of the folders of train, val and test is there: correct their paths")
    return YoloLayout(tuple(folders), tuple(listed_classes(path)), num_keypoints=keypoint_numbers(data))


def _named(path: Path, data: dict[str, Any], written: str, split: str) -> Iterator[YoloFolder]:
    """The folders that one value of train, val or test means."""
    base = path.parent / str(data.get("path") or "")
    plain = re.sub(r"^(\.\./)+", "", written)
    tried = dict.fromkeys((base / written, path.parent / written, path.parent / plain))
    if found := next((one for one in tried if one.is_dir()), None):
        images = Path(os.path.abspath(found))
        labels = _labels_of(images)
        yield YoloFolder(images, labels, split)
        for inside, folders, _ in os.walk(labels):
            folders[:] = sorted(name for name in folders if name[0] != ".")
            below = os.path.relpath(inside, labels)
            if below != "." and (images / below).is_dir() and _has_labels(Path(inside)):
                yield YoloFolder(images / below, Path(inside), split)
    elif found := next((one for one in tried if one.is_file() and one.suffix == ".txt"), None):
        yield from _of_list({split: found}, found.parent)


def _labels_of(images: Path) -> Path:
    """As Ultralytics finds it: the last `images` of the path becomes `labels`."""
    head, found, tail = f"{images}/".rpartition("/images/")
    labels = Path(f"{head}/labels/{tail}") if found else images
    return labels if labels.is_dir() else images


def _of_darknet(folder: Path) -> YoloLayout:
    said = _keys(folder / "obj.data")
    names = next(
        (one for one in (folder / "obj.names", folder / said.get("names", "obj.names")) if one.is_file()), None
    )
    lists: dict[str, Path] = {}
    for split, keys in _LISTS_OF_IMAGES.items():
        for name in (*(said.get(key, "") for key in keys), *(f"{key}.txt" for key in keys)):
            for one in (folder / name, folder / name.removeprefix("data/")):
                if name and one.is_file():
                    lists.setdefault(split, one)
    folders = tuple(_of_list(lists, folder))
    if not folders:
        inside = [one for one in sorted(folder.iterdir()) if one.is_dir() and _has_labels(one)]
        folders = tuple(YoloFolder(one, one, split_of(one.name)) for one in inside or [folder])
    return YoloLayout(folders, tuple(listed_classes(names)) if names else ())


def _keys(path: Path) -> dict[str, str]:
    """obj.data: a `key = value` a line."""
    if not path.is_file():
        return {}
    lines = (line.partition("=") for line in path.read_text("utf-8", "replace").splitlines())
    return {key.strip(): value.strip() for key, _, value in lines if value.strip()}


def _of_list(lists: Mapping[str, Path], base: Path) -> Iterator[YoloFolder]:
    """The folders of the images in lists of darknet and Ultralytics; each image is in the split of its list."""
    splits: dict[Path, dict[str, str]] = {}
    for split, path in lists.items():
        for line in path.read_text("utf-8-sig", "replace").splitlines():
            if not (name := line.strip()):
                continue
            inside, last = os.path.split(name.removeprefix("./"))
            tried = [base / inside, base / inside.removeprefix("data").lstrip("/")]
            images = next((one for one in tried if _labels_of(one).is_dir()), None)
            if images is None:
                raise LabelsError(f"{path}: {name} is listed, and its folder is not there: correct the list")
            splits.setdefault(Path(os.path.abspath(images)), {})[os.path.splitext(last)[0]] = split
    yield from (YoloFolder(images, _labels_of(images), "", listed) for images, listed in splits.items())


def _of_folders(folder: Path) -> YoloLayout | None:
    """labels/ beside images/, labels/train beside images/train, train/labels beside train/images; or one folder."""
    found = [one for one in (folder / "labels", *sorted(folder.glob("labels/*"))) if one.is_dir() and _has_labels(one)]
    found = found or [one for one in sorted(folder.glob("[!.]*/labels")) if one.is_dir() and _has_labels(one)]
    lists = [folder / name for name in CLASS_LISTS if (folder / name).is_file()]
    if not found and (lists or _has_images(folder)) and _has_labels(folder):
        found = [folder]
    if not found:
        return None
    folders = []
    for labels in found:
        images = Path(re.sub(r"/labels(?=/|$)", "/images", f"{folder}{str(labels)[len(str(folder)) :]}"))
        split = split_of(str(labels.relative_to(folder)))
        folders.append(YoloFolder(images if images.is_dir() else labels, labels, split))
    notes = read_notes(found[0])
    classes = listed_classes(lists[0]) if lists else list(dict.fromkeys(notes.values())) if notes else []
    return YoloLayout(tuple(folders), tuple(classes))


def _has_labels(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return any(one.name.endswith(".txt") and one.name.lower() not in LISTS for one in entries)


def _has_images(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return any(one.name.lower().endswith(IMAGE_SUFFIXES) for one in entries)
