"""The one parser of label files, and of the notes that may stand beside them.

A label file has a row for each object, `class x_centre y_centre width height`, in fractions of the frame.
Parsing must cost little beside decoding an image (5 ms), so the loop below is plain and works on locals.
"""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from yogo.definition.plain import read_file
from yogo.definition.problem import InvalidDatasetDefinitionFile, Problem, fault
from yogo.definition.rows import is_number, odd_box, odd_numbers, odd_row
from yogo.text.wording import agreed, counted

MIN_BOX_AREA = 200 / (772 * 1032)
"""Boxes smaller than this share of the frame are debris and are dropped."""

EDGE = 1 / 772
"""One pixel of the frame: rounding may put a centre this far outside the image, and it then counts as on the edge."""

MAX_BYTES = 16_000_000
MAX_NOTES_BYTES = 200_000_000
MOST_ROWS = 5
"""Bad rows of one file that are reported one by one; the rest are counted."""

_EPSILON = 1e-6
"""More than the rounding error of float32 for a number of this size."""

Notes = Mapping[str, str]
"""The values allowed in the first column of a label file, each with the name of the class that it means."""

BoxOf = Callable[[Sequence[float], int], tuple[float, float, float, float] | None]
"""Makes the centre, width and height of a box from a longer row's numbers and its line; None where it cannot."""


@dataclass(frozen=True, slots=True)
class Labels:
    """The boxes of one image."""

    rows: array[float]
    """Five numbers a box, float32 unless read exactly: class index, x0, y0, x1, y1, in fractions of the frame."""

    lines: Sequence[int] = ()
    """The line of each box in its file, from 1."""

    dropped: Sequence[tuple[int, float, float]] = ()
    """Boxes that were too small: line, and width and height in fractions of the frame."""

    @property
    def num_dropped(self) -> int:
        return len(self.dropped)

    def __len__(self) -> int:
        return len(self.rows) // 5


def notes_file(label_folder: Path) -> Path:
    """The path of the notes on a label folder, which is beside it."""
    return label_folder.parent / "notes.json"


def read_notes(label_folder: Path) -> Notes | None:
    """notes.json beside a label folder; None where there is none. Raises InvalidDatasetDefinitionFile."""
    path = notes_file(label_folder)
    if not path.is_symlink() and not path.exists():
        return None
    content = read_file(path, "notes file", MAX_NOTES_BYTES, allows_json=True)
    try:
        data = json.loads(content)
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
            raise fault(f"The id {category['id']} is used for two classes", path)
        names[name] = name
    return names | ids


def read_labels(path: Path, classes: Sequence[str], notes: Notes | None = None) -> Labels:
    """The boxes in a label file. Raises InvalidDatasetDefinitionFile with file and line, MissingPath."""
    return parse_labels(read_file(path, "label file", MAX_BYTES), classes, notes, path)


def read_exactly(path: Path, classes: Sequence[str], notes: Notes | None, box_of: BoxOf) -> Labels:
    """All boxes in a label file, small ones too, as float64 and not rounded to float32: to write them elsewhere.

    `box_of` is asked for the box of a row of more than five numbers.
    Raises InvalidDatasetDefinitionFile with file and line, MissingPath.
    """
    parser = _LabelParser(classes, notes, path, box_of=box_of)
    return parser.parse(_text(read_file(path, "label file", MAX_BYTES), path))


def parse_labels(
    data: bytes, classes: Sequence[str], notes: Notes | None = None, path: Path = Path("labels")
) -> Labels:
    """The boxes in the bytes of a label file; `path` names it in errors. Raises InvalidDatasetDefinitionFile."""
    return _LabelParser(classes, notes, path).parse(_text(data, path))


def examine_labels(path: Path, classes: Sequence[str], notes: Notes | None = None) -> tuple[Labels, list[Problem]]:
    """The boxes that can be read of a label file, and everything that is wrong or odd about it. Never raises."""
    told: list[Problem] = []
    try:
        data = read_file(path, "label file", MAX_BYTES)
        return _LabelParser(classes, notes, path, told).parse(_text(data, path)), told
    except InvalidDatasetDefinitionFile as error:
        return Labels(array("f")), [error.problem]


def _text(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise fault("This is not text in UTF-8", path, line, kind="label files that are not text") from error


class _LabelParser:
    """With `told`, problems are added to it and the row is left out; without, they are raised."""

    def __init__(
        self,
        classes: Sequence[str],
        notes: Notes | None,
        path: Path,
        told: list[Problem] | None = None,
        *,
        box_of: BoxOf | None = None,
    ) -> None:
        self.classes = classes
        self.notes = notes
        self.path = path
        self.told = told
        self.box_of = box_of
        """Given where labels are read exactly."""

        self.kind: Literal["d", "f"] = "d" if box_of else "f"
        self.least = 0.0 if box_of else MIN_BOX_AREA
        self.num_bad = 0
        self.written: list[str] = []
        self.known: dict[str, int] = {}
        """The words of the first column that were looked up already."""

    def parse(self, text: str) -> Labels:
        self.written = text.split("\n")
        if "," in text:
            text = text.replace(",", " ")
        if '"' in text:  # what writes commas may write these too
            text = text.replace('"', "")
        places: list[int] = []
        labels = self._rows(text.split("\n"), places)
        if self.told is not None:
            if self.num_bad > MOST_ROWS:
                rest = f"{counted(self.num_bad - MOST_ROWS, 'more row')} of this file cannot be read"
                self.told.append(Problem("error", rest, self.path, kind="label files with more bad rows"))
            self.told += (replace(one, file=self.path) for one in _oddities(labels.rows, places))
        return labels

    def _rows(self, lines: list[str], places: list[int]) -> Labels:
        kind, least = self.kind, self.least
        rows = array(kind)
        extend = rows.extend
        known = self.known
        low, high = -EDGE, 1 + EDGE
        dropped: list[tuple[int, float, float]] = []
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
                is_header = not begun and _is_header(words)
                begun = True
                row = None if is_header else self._slowly(words, number)
                if row is None:
                    continue
                index, cx, cy, width, height = row
            begun = True
            # Written so that NaN fails too.
            if not (low <= cx <= high and low <= cy <= high and 0 <= width <= high and 0 <= height <= high):
                self._fail(number, odd_box(self.written[number - 1], (cx, cy, width, height), EDGE), "impossible boxes")
                continue
            if width * height < least:
                dropped.append((number, width, height))
                continue
            # From float32 values, as published: else a centre on a line between cells may fall on its other side.
            cx, cy, width, height = array(kind, (cx, cy, width / 2, height / 2))
            extend((index, cx - width, cy - height, cx + width, cy + height))
            places.append(number)
        return Labels(rows, places, dropped)

    def _slowly(self, words: list[str], number: int) -> tuple[int, float, float, float, float] | None:
        """A row whose class has not occurred yet, or is a name with spaces; None for one that cannot be read."""
        words = self._shortened(words, number)
        if len(words) < 5 or (len(words) > 5 and self.notes is None):
            self._fail(number, odd_row(self.written[number - 1], words), "rows of another form")
            return None
        try:
            cx, cy, width, height = map(float, words[-4:])
        except ValueError:
            message = odd_numbers(self.written[number - 1], words)
            self._fail(number, message, "rows that are not numbers")
            return None
        word = " ".join(words[:-4])
        index = self._class(word)
        if isinstance(index, str):
            if len(words) > 5 and all(map(is_number, words)):
                index = odd_row(self.written[number - 1], words)
            self._fail(number, index, "unknown classes")
            return None
        self.known[word] = index
        return index, cx, cy, width, height

    def _shortened(self, words: list[str], number: int) -> list[str]:
        """A row of more numbers than five with its box instead, where there is somebody to make one."""
        if self.box_of is None or len(words) < 7 or not all(map(is_number, words)):
            return words
        box = self.box_of([*map(float, words[1:])], number)
        return [words[0], *map(repr, box)] if box else words

    def _class(self, word: str) -> int | str:
        """The index of a class; a sentence if there is no such class."""
        if self.notes is not None:
            name = self.notes.get(word) or self.notes.get(_whole(word)) or word
            if name in self.classes:
                return self.classes.index(name)
            meaning = "" if name == word else f", which notes.json calls {name!r},"
            return f"The class {word[:60]!r}{meaning} is not one of {', '.join(self.classes)}"
        whole = _whole(word)
        if not whole.removeprefix("-").isdecimal():
            hint = "an index is expected, as there is no notes.json beside the label folder"
            return f"The class is {word[:60]!r}; {hint}"
        if not 0 <= (index := int(whole[:10])) < len(self.classes):
            hint = ". Do these labels count from 1?" if index == len(self.classes) else ""
            number = len(self.classes)
            return f"There is no class {word[:20]}: there {agreed(number, 'is')} {number}, counted from 0{hint}"
        return index

    def _fail(self, number: int, message: str, kind: str) -> None:
        error = fault(message, self.path, number, kind=kind)
        if self.told is None:
            raise error
        self.num_bad += 1
        if self.num_bad <= MOST_ROWS:
            self.told.append(error.problem)


def _oddities(rows: array[float], places: Sequence[int]) -> Iterator[Problem]:
    """Warnings about the boxes of a file, each with the line of the first."""
    columns = rows[1::5], rows[2::5], rows[3::5], rows[4::5]
    if not rows or (
        min(map(min, columns)) >= -_EPSILON
        and max(map(max, columns)) <= 1 + _EPSILON
        and len({*zip(*columns, strict=True)}) == len(places)
    ):
        return  # nearly always
    lines: dict[tuple[float, ...], int] = {}
    twice: list[int] = []
    outside: list[int] = []
    beyond: list[int] = []
    for number, (_, x0, y0, x1, y1) in zip(places, zip(*[iter(rows)] * 5, strict=True), strict=True):
        if lines.setdefault((x0, y0, x1, y1), number) != number:
            twice.append(number)
        if min(x0 + x1, y0 + y1) < -_EPSILON or max(x0 + x1, y0 + y1) > 2 + _EPSILON:
            outside.append(number)
        elif min(x0, y0) < -EDGE or max(x1, y1) > 1 + EDGE:
            beyond.append(number)
    if twice:
        what = f"{counted(len(twice), 'row')} for a box that is in this file already"
        yield Problem("warning", what, None, twice[0], kind="label files with a box twice")
    if outside:
        what = f"{counted(len(outside), 'centre')} outside the image by rounding, moved to its edge"
        yield Problem("warning", what, None, outside[0], kind="label files with centres outside by rounding")
    if beyond:
        what = f"{counted(len(beyond), 'box', 'reaches')} out of the image by more than a pixel"
        if len(beyond) * 3 > len(places) > 3:
            what += ". Are these corners, and not centre and size?"
        yield Problem("warning", what, None, beyond[0], kind="label files with boxes that reach out of the image")


def _is_header(words: list[str]) -> bool:
    return len(words) >= 5 and not any(map(is_number, words))


def _whole(word: str) -> str:
    """`3` for 3.0 and 03; the word itself if it is not a whole number."""
    try:
        number = float(word)
    except ValueError:
        return word
    return str(int(number)) if math.isfinite(number) and number == int(number) else word
