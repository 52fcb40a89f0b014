"""The one parser of label files, and of the notes that may stand beside them.

A label file has a row for each object, `class x_centre y_centre width height`, in fractions of the frame.
Parsing must cost little beside decoding a picture (5 ms), so the loop below is plain and works on locals.
"""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from yogo.definition.problem import fault

SMALLEST_AREA = 200 / (772 * 1032)
"""Boxes of less than this share of the frame are debris, and dropped."""

MAX_BYTES = 16_000_000

Notes = Mapping[str, str]
"""What the first column of a label file may say, to the name of the class that it means."""


@dataclass(frozen=True, slots=True)
class Labels:
    """The boxes of one picture."""

    rows: array[float]
    """Five float32 a box: class index, x0, y0, x1, y1, in fractions of the frame."""

    num_dropped: int = 0
    """Boxes that were too small."""

    def __len__(self) -> int:
        return len(self.rows) // 5


def notes_file(label_folder: Path) -> Path:
    """Where the notes on a label folder would be: beside it."""
    return label_folder.parent / "notes.json"


def read_notes(label_folder: Path) -> Notes | None:
    """notes.json beside a label folder; None where there is none. Raises InvalidDatasetDefinitionFile."""
    path = notes_file(label_folder)
    try:
        data = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise fault(f"This file cannot be read: {error.strerror}", path) from error
    except RecursionError as error:
        raise fault("This is nested too deeply to be read", path) from error
    except ValueError as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise fault("This is not JSON", path, line) from error
    return parse_notes(data, path)


def parse_notes(data: Any, path: Path = Path("notes.json")) -> Notes:
    """`{"categories": [{"id", "name"}]}`, made ready for `read_labels`. Raises InvalidDatasetDefinitionFile."""
    names: dict[str, str] = {}
    ids: dict[str, str] = {}
    categories = data.get("categories") if isinstance(data, dict) else None
    if not isinstance(categories, list):
        raise fault('A list "categories" of ids and names is expected', path)
    for category in categories:
        if not isinstance(category, dict) or not {"id", "name"} <= category.keys():
            raise fault('A category needs "id" and "name"', path)
        name = str(category["name"])
        if ids.setdefault(str(category["id"]), name) != name:
            raise fault(f"The id {category['id']} stands for two classes", path)
        names[name] = name
    return names | ids


def read_labels(path: Path, classes: Sequence[str], notes: Notes | None = None) -> Labels:
    """The boxes in a label file. Raises InvalidDatasetDefinitionFile with file and line, MissingPath."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise fault("This label file does not exist", path, missing=True) from None
    except OSError as error:
        raise fault(f"This label file cannot be read: {error.strerror}", path) from error
    if len(data) > MAX_BYTES:
        raise fault("This is too large for a label file", path)
    return parse_labels(data, classes, notes, path)


def parse_labels(
    data: bytes, classes: Sequence[str], notes: Notes | None = None, path: Path = Path("labels")
) -> Labels:
    """The boxes in the bytes of a label file; `path` names it in errors. Raises InvalidDatasetDefinitionFile."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise fault("This is not text in UTF-8", path, line) from error
    if "," in text:
        text = text.replace(",", " ")
    if '"' in text:  # what writes commas may write these too
        text = text.replace('"', "")
    return _Parser(classes, notes, path).parse(text.split("\n"))


class _Parser:
    def __init__(self, classes: Sequence[str], notes: Notes | None, path: Path) -> None:
        self.classes = classes
        self.notes = notes
        self.path = path
        self.known: dict[str, int] = {}
        """The words of the first column that were looked up already."""

    def parse(self, lines: list[str]) -> Labels:
        rows = array("f")
        extend = rows.extend
        known = self.known
        num_dropped = 0
        begun = False
        for number, line in enumerate(lines, 1):
            words = line.split()
            if not words:
                continue
            try:
                word, x, y, w, h = words
                cx, cy, width, height = float(x), float(y), float(w), float(h)
                index = known[word]
            except (ValueError, KeyError):
                if not begun and _is_header(words):
                    begun = True
                    continue
                index, cx, cy, width, height = self._slowly(words, number)
            begun = True
            # Written so that NaN fails too; centres a little outside are left to the targets, which clamp them.
            if not (-1 <= cx <= 2 and -1 <= cy <= 2 and 0 <= width <= 2 and 0 <= height <= 2):
                self._refuse_box(number, cx, cy, width, height)
            if width * height < SMALLEST_AREA:
                num_dropped += 1
                continue
            # From float32 values, as published: else a centre on a line between cells may fall on its other side.
            cx, cy, width, height = array("f", (cx, cy, width / 2, height / 2))
            extend((index, cx - width, cy - height, cx + width, cy + height))
        return Labels(rows, num_dropped)

    def _slowly(self, words: list[str], number: int) -> tuple[int, float, float, float, float]:
        """A row whose class was not met yet, or is a name with blanks in it; or the error that it is."""
        if len(words) < 5 or (len(words) > 5 and self.notes is None):
            self._fail(
                number, f"This row has {len(words)} values; class, x_centre, y_centre, width, height are expected"
            )
        try:
            cx, cy, width, height = map(float, words[-4:])
        except ValueError:
            row = " ".join(words)[:80]
            self._fail(number, f"x_centre, y_centre, width and height must be numbers; this row is {row!r}")
        word = " ".join(words[:-4])
        index = self.known[word] = self._class(word, number)
        return index, cx, cy, width, height

    def _class(self, word: str, number: int) -> int:
        if self.notes is not None:
            name = self.notes.get(word) or self.notes.get(_whole(word)) or word
            if name in self.classes:
                return self.classes.index(name)
            meaning = "" if name == word else f", which notes.json calls {name!r},"
            self._fail(number, f"The class {word[:60]!r}{meaning} is none of {', '.join(self.classes)}")
        whole = _whole(word)
        if not whole.removeprefix("-").isdecimal():
            hint = "an index is expected, as there is no notes.json beside the label folder"
            self._fail(number, f"The class is {word[:60]!r}; {hint}")
        if not 0 <= (index := int(whole[:10])) < len(self.classes):
            self._fail(number, f"There is no class {word[:20]}: there are {len(self.classes)}, counted from 0")
        return index

    def _refuse_box(self, number: int, *box: float) -> NoReturn:
        values = ", ".join(f"{value:g}" for value in box)
        hint = "all four are fractions of the frame, width and height not below 0"
        self._fail(number, f"The box {values} (x_centre, y_centre, width, height) cannot be: {hint}")

    def _fail(self, number: int, message: str) -> NoReturn:
        raise fault(message, self.path, number)


def _is_header(words: list[str]) -> bool:
    return len(words) >= 5 and not any(_is_number(word) for word in words)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _whole(word: str) -> str:
    """`3` for 3.0 and 03; the word itself where it is no whole number."""
    try:
        number = float(word)
    except ValueError:
        return word
    return str(int(number)) if math.isfinite(number) and number == int(number) else word
