"""Text files among the labels that are not labels: what other programs leave beside their exports."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from yogo.definition.rows import is_number

_HEAD_BYTES = 8_192
CLASS_LISTS = ("classes.txt", "predefined_classes.txt", "labels.txt", "obj.names", "_darknet.labels", "class_names.txt")
LISTS = (*CLASS_LISTS, "train.txt", "val.txt", "valid.txt", "test.txt")
"""Names that other programs give to files that are not labels."""

_READ_ME = re.compile(r"(readme|license|licence|notice|changelog)\b.*\.txt", re.IGNORECASE)
_PICTURE = re.compile(r"\.(png|jpe?g|tiff?|bmp)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Leftover:
    name: str
    what: str
    is_class_list: bool = False


def leftover(folder: Path, name: str) -> Leftover | None:
    """What a `.txt` without an image is, if it is not a label; None if it may be one."""
    if _READ_ME.fullmatch(name):
        return Leftover(name, "a note to readers")
    try:
        with open(folder / name, "rb") as file:
            lines = file.read(_HEAD_BYTES).decode("utf-8-sig", "replace").splitlines()
    except OSError:
        return None
    lines = [line.strip() for line in lines if line.strip()]
    if lines and all(_PICTURE.search(line) for line in lines[:-1] or lines):
        return Leftover(name, "a list of images, as CVAT and darknet write")
    # A label's rows have five values and more, nearly all of them numbers.
    if name.lower() in CLASS_LISTS and (not lines or not any(_is_row(line) for line in lines)):
        return Leftover(name, "a list of classes", is_class_list=True)
    return None


def _is_row(line: str) -> bool:
    words = line.replace(",", " ").split()
    return len(words) >= 5 and sum(map(is_number, words)) >= 4
